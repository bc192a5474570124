// The host's own ip_forward is the one switch that this driver changes; what it was before stands in our nftables table.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Names } from './names.ts'
import type { NftTable } from './nft-table.ts'
import { readNft } from './observed-host.ts'

const path = '/proc/sys/net/ipv4/ip_forward'
const mark = 'found_ip_forward_'

export type FoundForwarding = '0' | '1' | null

/** What the switch was before this driver's first change; null where it was never changed. */
export async function readFoundForwarding(names: Names): Promise<FoundForwarding> {
  const items = await readNft<{ chain?: { name: string } }>(['-t', 'list', 'table', 'inet', names.table], null)
  const name = items.find(({ chain }) => chain?.name.startsWith(mark))?.chain?.name
  return name === undefined ? null : name.endsWith('1') ? '1' : '0'
}

export const currentForwarding = (): '0' | '1' => (readFileSync(path, 'utf8').trim() === '0' ? '0' : '1')

/** An empty chain in the table remembers the value, so it lives and dies with what needed the change. */
export function rememberForwarding(table: NftTable, found: FoundForwarding): void {
  if (found !== null) table.chains.set(`${mark}${found}`, { base: null, rules: [] })
}

export function setForwarding(value: '0' | '1'): void {
  if (currentForwarding() !== value) writeFileSync(path, value)
}
