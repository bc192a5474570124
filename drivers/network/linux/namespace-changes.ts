// The command lines that turn the inside of one of our namespaces into what is wanted.
import { writeFileSync } from 'node:fs'
import { canonicalAddress } from './addresses.ts'
import { ipBatch, nftTransaction, readJson } from './commands.ts'
import { inNamespace } from './namespaces.ts'
import { changeScript, replaceScript } from './nft-table.ts'
import type { IpLink } from './observed-host.ts'
import type { WantedNamespace } from './wanted-host.ts'

/** What stands in a namespace: from memory, or read. */
export interface StandingNamespace {
  legs: Map<string, { mac: string; mtu: number; isUp: boolean }>
  addresses: Set<string>
  routes: Map<string, string>
}

interface IpRoute {
  dst: string
  gateway?: string
  dev?: string
  protocol?: string
}

const emptyNamespace = (): StandingNamespace => ({ legs: new Map(), addresses: new Set(), routes: new Map() })

export const standingFrom = (state: WantedNamespace): StandingNamespace => ({
  legs: new Map(state.legs.map(({ inside, mac, mtu }) => [inside, { mac, mtu, isUp: true }])),
  addresses: state.addresses,
  routes: state.routes,
})

async function readNamespace(name: string): Promise<StandingNamespace> {
  const [links, routes4, routes6] = await Promise.all([
    readJson<IpLink>('ip', ['-j', 'addr', 'show'], name),
    readJson<IpRoute>('ip', ['-4', '-j', 'route', 'show'], name),
    readJson<IpRoute>('ip', ['-6', '-j', 'route', 'show'], name),
  ])
  const standing = emptyNamespace()
  for (const link of links) {
    if (link.ifname === 'lo') continue
    standing.legs.set(link.ifname, { mac: link.address ?? '', mtu: link.mtu, isUp: link.flags.includes('UP') })
    for (const { family, local, prefixlen, scope } of link.addr_info ?? []) {
      if (family === 'inet6' && scope === 'link') continue
      standing.addresses.add(`${link.ifname} ${canonicalAddress(local)}/${prefixlen}`)
    }
  }
  for (const route of [...routes4, ...routes6]) {
    // The kernel's own routes come and go with the addresses.
    if (route.protocol === 'kernel') continue
    const key = route.dst === 'default' && routes6.includes(route) ? 'default6' : canonicalDestination(route.dst)
    standing.routes.set(key, routeText(route))
  }
  return standing
}

function canonicalDestination(text: string): string {
  if (text === 'default') return text
  const [address = '', length] = text.split('/')
  return length === undefined ? canonicalAddress(address) : `${canonicalAddress(address)}/${length}`
}

function routeText({ gateway, dev }: IpRoute): string {
  return [...(gateway ? [`via ${canonicalAddress(gateway)}`] : []), `dev ${dev}`].join(' ')
}

/** The `ip` lines, run inside the namespace. Routes through a removed address vanish with it, so they are set again. */
export function namespaceLines(before: StandingNamespace, after: WantedNamespace, fresh: Set<string>): string[] {
  const lines: string[] = []
  for (const { inside, mac, mtu } of after.legs) {
    const leg = before.legs.get(inside)
    if (leg && !fresh.has(inside) && leg.mac === mac && leg.mtu === mtu && leg.isUp) continue
    lines.push(`link set ${inside} address ${mac} mtu ${mtu} up`)
    fresh.add(inside)
  }
  const legs = new Set(after.legs.map(({ inside }) => inside))
  const parts = (text: string) => text.split(' ') as [string, string]
  const gone = [...before.addresses].filter((text) => {
    const [inside] = parts(text)
    return !after.addresses.has(text) && legs.has(inside) && !fresh.has(inside)
  })
  for (const text of gone) lines.push(`addr del ${parts(text)[1]} dev ${parts(text)[0]}`)
  for (const text of after.addresses) {
    const [inside, address] = parts(text)
    if (before.addresses.has(text) && !fresh.has(inside)) continue
    lines.push(`addr replace ${address} dev ${inside}${address.includes(':') ? ' nodad' : ''}`)
  }
  // Floating addresses carry no route, so changing them leaves the routes alone.
  const mayHaveLostRoutes =
    fresh.size > 0 ||
    [...before.legs.keys()].some((leg) => !legs.has(leg)) ||
    gone.some((text) => !text.endsWith('/32'))
  for (const destination of before.routes.keys())
    if (!after.routes.has(destination)) lines.push(routeRemoval(destination))
  for (const [destination, rest] of after.routes)
    if (mayHaveLostRoutes || !sameRoute(before.routes.get(destination), rest))
      lines.push(`route replace ${destination.replace(/^default6$/, 'default')} ${rest}`)
  return lines
}

/** Flushing, unlike deleting, does not mind that the route went with its address. */
function routeRemoval(destination: string): string {
  if (destination === 'default') return 'route flush exact 0.0.0.0/0 proto boot'
  if (destination === 'default6') return 'route flush exact ::/0 proto boot'
  return `route flush exact ${destination} proto boot`
}

/** A route without `dev` leaves the choice of interface to the kernel. */
function sameRoute(standing: string | undefined, wanted: string): boolean {
  return (
    standing === wanted || (standing !== undefined && !wanted.includes(' dev ') && standing.startsWith(`${wanted} `))
  )
}

/** `unknown`: it stands, but how is to be read; `new`: it has just been made. */
export type NamespaceBefore = WantedNamespace | 'unknown' | 'new'

/** Makes one namespace be as wanted. `freshLegs`: inside names of legs that were made just now. */
export async function applyNamespace(before: NamespaceBefore, after: WantedNamespace, freshLegs: Set<string>) {
  const known = typeof before === 'string' ? undefined : before
  if (!known) setSwitches(after)
  const standing = known ? standingFrom(known) : before === 'new' ? emptyNamespace() : await readNamespace(after.name)
  const lines = namespaceLines(standing, after, new Set(freshLegs))
  if (!known) lines.unshift('link set lo up')
  if (after.table) {
    const script = known?.table ? changeScript(known.table, after.table) : replaceScript(after.table)
    await nftTransaction(script, after.name)
  }
  await ipBatch(lines, after.name)
}

function setSwitches({ name, forwards }: WantedNamespace): void {
  const on = forwards ? '1' : '0'
  const switches = {
    'ipv4/ip_forward': on,
    'ipv6/conf/all/forwarding': on,
    'ipv4/conf/all/rp_filter': '0',
    'ipv4/conf/default/rp_filter': '0',
    'ipv6/conf/default/accept_dad': '0',
    'ipv6/conf/default/accept_ra': '0',
  }
  inNamespace(name, () => {
    for (const [path, value] of Object.entries(switches)) writeFileSync(`/proc/sys/net/${path}`, value)
  })
}
