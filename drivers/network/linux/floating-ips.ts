// What must happen beside the router's table when a floating address comes, goes or moves.
import type { HostNetworks, WantedRouter } from '../../../kernel/network/driver.ts'
import { changeConnections, listConnections } from './connection-table.ts'
import { refusedBit } from './connections.ts'
import { arpAnnouncement } from './gratuitous-arp.ts'
import type { Names } from './names.ts'
import { interfaceIndex, sendFrames } from './namespaces.ts'
import { gatewayInside } from './wanted-host.ts'

const pairsOf = (router: WantedRouter | undefined) =>
  new Map(router?.floatingIps.map(({ address, fixedAddress }) => [address, fixedAddress]) ?? [])

/** Connections through an address that no longer leads where it did end at once. */
export async function forgetFloatingIps(before: HostNetworks | undefined, after: HostNetworks, names: Names) {
  for (const router of after.routers) {
    const now = pairsOf(router)
    const old = pairsOf(before?.routers.find(({ id }) => id === router.id))
    const gone = new Set([...old].filter(([address, fixed]) => now.get(address) !== fixed).map(([address]) => address))
    if (gone.size === 0) continue
    const place = names.routerNamespace(router.id)
    const connections = await listConnections(4, place)
    const left = connections.filter((one) => gone.has(one.destination) || gone.has(one.replyDestination))
    await changeConnections(
      left.map((connection) => ({ connection, change: 'forget' })),
      refusedBit,
      place,
    )
  }
}

/** Announces what is new on a gateway leg: its own addresses and the floating ones. */
export function announceFloatingIps(before: HostNetworks | undefined, after: HostNetworks, names: Names): void {
  for (const router of after.routers) {
    if (!router.gateway) continue
    const old = before?.routers.find(({ id }) => id === router.id)
    const known = new Set(old?.gateway?.portId === router.gateway.portId ? announced(old) : [])
    const fresh = announced(router).filter((address) => !known.has(address))
    if (fresh.length === 0) continue
    const place = names.routerNamespace(router.id)
    const mac = router.gateway.mac.toLowerCase()
    const frames = fresh.map((address) => arpAnnouncement(mac, address))
    sendFrames(place, interfaceIndex(place, gatewayInside(names, router.gateway.portId)), frames)
  }
}

function announced(router: WantedRouter): string[] {
  const own = router.gateway?.cidrs.map((cidr) => cidr.split('/')[0]!) ?? []
  return [...own, ...router.floatingIps.map(({ address }) => address)].filter((address) => !address.includes(':'))
}
