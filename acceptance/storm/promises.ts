// Compares what was promised with what the rows say.
import { type Entry, kinds, type Ledger } from './ledger.ts'
import type { Rows, SqlRow } from './rows.ts'

/** Promises that were not kept, in words. Nothing may be under way. */
export async function brokenPromises(ledger: Ledger, rows: Rows): Promise<string[]> {
  const wrong: string[] = []
  const tables = new Map<string, SqlRow[]>()
  for (const { table } of Object.values(kinds)) tables.set(table, await rows(table))
  const devices = await rows('compute_block_devices')
  for (const entry of ledger.entries) {
    const { table, name } = kinds[entry.kind]
    const named = tables.get(table)!.filter((row) => row[name] === entry.name)
    const what = `${entry.kind} ${entry.name} (${entry.id ?? 'never answered'})`
    if (named.length > 1) wrong.push(`${what} was made ${named.length} times`)
    const row = named.find(({ id }) => entry.id === undefined || id === entry.id)
    if (!row) {
      if (entry.id && entry.removal === 'none') wrong.push(`${what} was acknowledged and is gone`)
      continue
    }
    if (entry.removal === 'acknowledged') wrong.push(`${what} was deleted and is still there: ${stateOf(row)}`)
    wrong.push(...differences(entry, row, what))
    if (entry.kind === 'server' && entry.removal === 'none')
      for (const [card, isThere] of entry.cards) {
        const port = tables.get('network_ports')!.find(({ id }) => id === card)
        if (isThere === true && port?.device_id !== row.id) wrong.push(`${what} lost its card ${card}`)
        if (isThere === false && port) wrong.push(`${what} still has card ${card}`)
      }
    if (entry.kind === 'server' && entry.removal === 'none')
      for (const [volume, isAttached] of entry.volumes) {
        const device = devices.find((one) => one.server_id === row.id && one.volume_id === volume)
        if (isAttached === true && !device) wrong.push(`${what} lost its volume ${volume}`)
        if (isAttached === false && device) wrong.push(`${what} still has volume ${volume}: ${device.state}`)
      }
  }
  return wrong
}

const stateOf = (row: SqlRow) => [row.status ?? row.state, row.task, row.fault].filter(Boolean).join(' ')

function differences({ kind, facts, removal }: Entry, row: SqlRow, what: string): string[] {
  const wrong: string[] = []
  const state = String(row.status ?? row.state ?? '')
  if (state.toLowerCase().startsWith('error')) wrong.push(`${what} failed: ${stateOf(row)}`)
  else if (removal === 'none') {
    const seen: Record<string, unknown> = {
      ...(kind === 'floatingip' && { port: row.port_id }),
      ...(kind === 'volume' && { size: row.size_gi_b }),
      ...(kind === 'image' && { status: row.status }),
      ...(kind === 'server' && { power: row.state }),
    }
    for (const [fact, value] of Object.entries(facts))
      if (fact in seen && value !== 'unknown' && seen[fact] !== value)
        wrong.push(`${what} was acknowledged with ${fact} ${value} and has ${seen[fact]}`)
  }
  return wrong
}
