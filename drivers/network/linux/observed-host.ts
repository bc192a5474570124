// Reads what really stands on the host, ours and nobody else's.
import { CommandFailed, readJson, run } from './commands.ts'
import type { Names } from './names.ts'
import { listNamespaces } from './namespaces.ts'

/** The parts of `ip -d -j addr show` that matter here. */
export interface IpLink {
  ifindex: number
  ifname: string
  flags: string[]
  mtu: number
  master?: string
  address?: string
  ifalias?: string
  linkinfo?: {
    info_kind?: string
    info_data?: { id?: number; local?: string; port?: number; nf_call_iptables?: number }
    info_slave_data?: { learning?: boolean; flood?: boolean; neigh_suppress?: boolean }
  }
  addr_info?: { family: string; local: string; prefixlen: number; scope: string }[]
}

export interface ObservedHost {
  /** Interfaces of ours in the host's own namespace, by name. */
  links: Map<string, IpLink>
  /** Namespaces of ours. */
  namespaces: Set<string>
}

export async function observeHost(names: Names): Promise<ObservedHost> {
  const links = await readJson<IpLink>('ip', ['-d', '-j', 'addr', 'show'])
  return {
    links: new Map(links.filter((link) => names.kindOf(link.ifname)).map((link) => [link.ifname, link])),
    namespaces: new Set(listNamespaces().filter((name) => names.namespaceOf(name))),
  }
}

interface FdbEntry {
  mac: string
  ifname: string
  dst?: string
  flags?: string[]
  master?: string
  state?: string
}

/** Forwarding entries of ours, spelled as `WantedHost.forwarding` spells them. */
export async function observeForwarding(names: Names): Promise<Set<string>> {
  const entries = await readJson<FdbEntry>('bridge', ['-j', 'fdb', 'show'])
  const found = new Set<string>()
  for (const { mac, ifname, dst, flags = [], master, state } of entries) {
    if (!names.kindOf(ifname)) continue
    if (dst !== undefined && flags.includes('self') && (state === 'static' || state === 'permanent'))
      found.add(`${mac} dev ${ifname} dst ${dst} self ${state}`)
    else if (master !== undefined && state === 'static') found.add(`${mac} dev ${ifname} master static`)
  }
  return found
}

/** Permanent neighbours of ours, spelled as `WantedHost.neighbours` spells them. */
export async function observeNeighbours(names: Names, canonical: (address: string) => string): Promise<Set<string>> {
  const entries = await readJson<{ dst: string; dev: string; lladdr?: string }>('ip', [
    '-j',
    'neigh',
    'show',
    'nud',
    'permanent',
  ])
  const ours = entries.filter((entry) => names.kindOf(entry.dev) === 'n')
  return new Set(ours.map(({ dst, dev, lladdr = '' }) => `${canonical(dst)} lladdr ${lladdr} dev ${dev}`))
}

/** The connection tracking zone of every bridge, as the standing table has it; empty where there is none. */
export async function observeZones(names: Names): Promise<Map<string, number>> {
  type Listed = { map?: { elem?: [string, number][] } }
  const items = await readNft<Listed>(['list', 'map', 'inet', names.table, 'zones'], null)
  return new Map(items.flatMap(({ map }) => map?.elem ?? []))
}

/**
 * False when somebody has emptied the host's rules. Asks for two small sets, because listing tables makes nft 1.0.6
 * read every rule there is: 450 ms with 500 ports against 12.
 */
export async function standTables(names: Names): Promise<boolean> {
  const found = await Promise.all([
    readNft(['-t', 'list', 'map', 'inet', names.table, 'zones'], null),
    readNft(['-t', 'list', 'set', 'bridge', names.table, 'external_ports'], null),
  ])
  return found.every((items) => items.length > 0)
}

/** The list inside what `nft -j` prints; empty where what was asked for is not there. */
export async function readNft<T>(args: string[], place: string | null): Promise<T[]> {
  try {
    const text = await run('nft', ['-j', ...args], '', place)
    return text.trim() === '' ? [] : (JSON.parse(text) as { nftables: T[] }).nftables
  } catch (error) {
    if (error instanceof CommandFailed && error.message.includes('No such file or directory')) return []
    throw error
  }
}
