// One nftables table as data, and the smallest transaction that turns one such table into another.

export interface NftSet {
  kind: 'set' | 'map'
  /** `type ipv4_addr` and so on; a set whose specification changes needs another name. */
  spec: string
  /** Key to value; sets have empty values. */
  elements: Map<string, string>
}

export interface NftChain {
  /** `type filter hook forward priority 10`, or null for a chain that is only jumped to. */
  base: string | null
  rules: string[]
}

export interface NftTable {
  family: 'bridge' | 'inet'
  name: string
  sets: Map<string, NftSet>
  chains: Map<string, NftChain>
}

export function emptyTable(family: NftTable['family'], name: string): NftTable {
  return { family, name, sets: new Map(), chains: new Map() }
}

export function nftSet(kind: NftSet['kind'], spec: string, elements: Iterable<[string, string]> = []): NftSet {
  return { kind, spec, elements: new Map(elements) }
}

/** A transaction that replaces whatever stands under the table's name; packets see the old or the new, no gap. */
export function replaceScript(table: NftTable): string {
  const where = `${table.family} ${table.name}`
  return `add table ${where}\ndelete table ${where}\n${changeScript(undefined, table)}`
}

/** Removes the table, whether or not it is there. */
export function removeScript(table: Pick<NftTable, 'family' | 'name'>): string {
  const where = `${table.family} ${table.name}`
  return `add table ${where}\ndelete table ${where}\n`
}

/** The transaction from `before` to `after`; empty when nothing differs. `before` undefined: no such table. */
export function changeScript(before: NftTable | undefined, after: NftTable): string {
  const lines: string[] = []
  const where = `${after.family} ${after.name}`
  const old = before ?? emptyTable(after.family, after.name)
  if (!before) lines.push(`add table ${where}`)
  for (const [name, chain] of after.chains)
    if (!old.chains.has(name)) lines.push(`add chain ${where} ${name}${chain.base ? ` { ${chain.base} ; }` : ''}`)
  for (const [name, set] of after.sets) {
    if (!old.sets.has(name)) lines.push(`add ${set.kind} ${where} ${name} { ${set.spec} ; }`)
    lines.push(...elementChanges(where, name, old.sets.get(name), set))
  }
  for (const [name, chain] of after.chains) {
    const standing = old.chains.get(name)
    if (standing && sameRules(standing.rules, chain.rules)) continue
    if (standing) lines.push(`flush chain ${where} ${name}`)
    for (const rule of chain.rules) lines.push(`add rule ${where} ${name} ${rule}`)
  }
  const gone = [...old.chains.keys()].filter((name) => !after.chains.has(name))
  for (const name of gone) lines.push(`flush chain ${where} ${name}`)
  for (const name of gone) lines.push(`delete chain ${where} ${name}`)
  for (const [name, set] of old.sets) if (!after.sets.has(name)) lines.push(`delete ${set.kind} ${where} ${name}`)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function elementChanges(where: string, name: string, before: NftSet | undefined, after: NftSet): string[] {
  const old = before?.elements ?? new Map<string, string>()
  const removed = [...old].filter(([key, value]) => after.elements.get(key) !== value)
  const added = [...after.elements].filter(([key, value]) => old.get(key) !== value)
  if (removed.length + added.length === 0) return []
  if (before && after.spec.includes('interval')) {
    // Ranges that change in place may touch their neighbours, so such sets are written anew.
    return [`flush ${after.kind} ${where} ${name}`, ...elementLines('add', where, name, [...after.elements])]
  }
  return [...elementLines('delete', where, name, removed), ...elementLines('add', where, name, added)]
}

function elementLines(verb: string, where: string, name: string, elements: [string, string][]): string[] {
  if (elements.length === 0) return []
  const list = elements.map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ')
  return [`${verb} element ${where} ${name} { ${list} }`]
}

function sameRules(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index])
}
