// What a rule is asked about: finds `%(name)s` in a row, a request body or a nested object without allocating.

/** The thing acted upon: a row as the store gives it (camelCase), or an object with wire names, flat or nested. */
export type Target = Readonly<Record<string, unknown>>

/** Reads a value as the rule language spells it (`True`, `None`, `5`); undefined when the target has no such value. */
export type TargetReader = (target: Target) => string | undefined

/** The right-hand side of a check: constant text, or text with `%(name)s` in it. */
export type Template = {
  readonly text: string
  /** Names mentioned, in order. */
  readonly names: readonly string[]
  /** Set when nothing is substituted. */
  readonly constant?: string
  readonly read: TargetReader
}

/** Text of a value in the language of the rules, which is Python's: `True`, `False`, `None`. */
export function spell(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return undefined
}

function camel(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/**
 * Reads `name` from a target: as written (`router:external`, `target.user.id` as flat keys), then in camelCase,
 * then as a path into nested objects. `tenant_id` falls back to `project_id`.
 */
export function targetReader(name: string): TargetReader {
  const inCamel = camel(name)
  const path = name.split(/[.:]/)
  const camelPath = path.map(camel)
  const fallback = name === 'tenant_id' ? targetReader('project_id') : undefined
  const isPath = path.length > 1
  return (target) => {
    let value = target[name]
    if (value === undefined && inCamel !== name) value = target[inCamel]
    if (value === undefined && isPath) value = walk(target, path, camelPath)
    if (typeof value === 'string') return value
    if (value === undefined && fallback) return fallback(target)
    return spell(value)
  }
}

function walk(target: Target, path: readonly string[], camelPath: readonly string[]): unknown {
  let here: unknown = target
  for (let i = 0; i < path.length; i++) {
    if (typeof here !== 'object' || here === null) return undefined
    const object = here as Target
    const value = object[path[i]!]
    here = value === undefined ? object[camelPath[i]!] : value
  }
  return here
}

/**
 * Parses the right-hand side of a check.
 * @throws SyntaxError when a `%` starts neither `%(name)s` nor `%%`; the message says where in `text`.
 */
export function template(text: string): Template {
  const parts: (string | TargetReader)[] = []
  const names: string[] = []
  let plain = ''
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '%') {
      plain += text[at++]
    } else if (text[at + 1] === '%') {
      plain += '%'
      at += 2
    } else {
      const found = /^%\(([^()]+)\)s/.exec(text.slice(at))
      if (!found) throw new SyntaxError(`"${text.slice(at)}" should be %(name)s, or %% for a percent sign`)
      if (plain) parts.push(plain)
      plain = ''
      names.push(found[1]!)
      parts.push(targetReader(found[1]!))
      at += found[0].length
    }
  }
  if (names.length === 0) return { text, names, constant: plain, read: () => plain }
  if (plain) parts.push(plain)
  if (parts.length === 1) return { text, names, read: parts[0] as TargetReader }
  return { text, names, read: (target) => joined(parts, target) }
}

function joined(parts: readonly (string | TargetReader)[], target: Target): string | undefined {
  let whole = ''
  for (const part of parts) {
    const piece = typeof part === 'string' ? part : part(target)
    if (piece === undefined) return undefined
    whole += piece
  }
  return whole
}
