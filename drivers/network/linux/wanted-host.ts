// Translates what the cloud wants into interfaces, namespaces and forwarding entries, still without looking at the host.
import type { HostNetworks, WantedNetwork, WantedRouter } from '../../../kernel/network/driver.ts'
import { canonicalAddress, formatPrefix, parsePrefix, versionOf } from './addresses.ts'
import { bridgeOf, isExternal, isServed, metadataAddress } from './host-tables.ts'
import type { Names } from './names.ts'
import { macFor } from './names.ts'
import type { NftTable } from './nft-table.ts'
import { learnsMacs } from './port-rules.ts'
import { routerTable } from './router-table.ts'

/** An interface in the host's own namespace. */
export interface HostLink {
  name: string
  make:
    | { kind: 'bridge'; mac: string }
    | { kind: 'vxlan'; vni: number; local: string }
    | { kind: 'tap' }
    | { kind: 'veth'; namespace: string | null; inside: string; mac: string }
  mtu: number
  master: string | null
  /** Stands on the interface as its alias, so that observing needs no memory. */
  alias: string
  /** Addresses with prefix length; only external bridges have any. */
  addresses: string[]
  /** How the bridge treats the port: learn unknown MACs, send it frames for unknown MACs. */
  learning: boolean
  suppressNeighbours: boolean
}

export interface WantedNamespace {
  name: string
  /** Inside name to outside name, MAC and MTU. */
  legs: { inside: string; mac: string; mtu: number }[]
  /** `inside-name address/length`. */
  addresses: Set<string>
  /** Destination (`default`, `0.0.0.0/0` never) to the rest of the route. */
  routes: Map<string, string>
  forwards: boolean
  table: NftTable | null
}

export interface WantedHost {
  links: Map<string, HostLink>
  namespaces: Map<string, WantedNamespace>
  /** `MAC dev X ...`: what follows `bridge fdb replace`. */
  forwarding: Set<string>
  /** `ADDRESS lladdr MAC dev X`: what follows `ip neigh replace`. */
  neighbours: Set<string>
}

export type PortKind = 'tap' | 'veth'

export const serviceInside = 'service'

export function wantedHost(wanted: HostNetworks, names: Names, portKind: PortKind): WantedHost {
  const host: WantedHost = { links: new Map(), namespaces: new Map(), forwarding: new Set(), neighbours: new Set() }
  const networks = new Map(wanted.networks.map((network) => [network.id, network]))
  for (const network of wanted.networks) {
    addBridge(host, network, names)
    if (isServed(network)) addService(host, network, names)
    if (wanted.tunnelAddress !== null && 'tenant' in network.kind)
      addTunnel(host, network, network.kind.tenant, wanted.tunnelAddress, names)
  }
  for (const port of wanted.ports) {
    const network = networks.get(port.networkId)!
    const name = names.interfaceFor('p', port.id)
    add(host, {
      name,
      make:
        portKind === 'tap'
          ? { kind: 'tap' }
          : { kind: 'veth', namespace: null, inside: guestEndOf(name), mac: port.mac.toLowerCase() },
      mtu: network.mtu,
      master: bridgeOf(names, network),
      alias: `port ${port.id}`,
      addresses: [],
      learning: learnsMacs(port),
      suppressNeighbours: false,
    })
    host.forwarding.add(`${port.mac.toLowerCase()} dev ${name} master static`)
  }
  for (const router of wanted.routers) addRouter(host, router, networks, names)
  return host
}

/** Name of the guest's end where ports are veth pairs; it is to be moved into the guest's namespace. */
export const guestEndOf = (portInterface: string): string => `${portInterface.slice(0, -1)}_`

function add(host: WantedHost, link: HostLink): void {
  const other = host.links.get(link.name)
  if (other) throw new Error(`"${other.alias}" and "${link.alias}" would share the interface name ${link.name}.`)
  host.links.set(link.name, link)
}

function addBridge(host: WantedHost, network: WantedNetwork, names: Names): void {
  const addresses = isExternal(network)
    ? network.subnets.flatMap(({ gateway, cidr }) =>
        gateway ? [`${canonicalAddress(gateway)}/${parsePrefix(cidr).length}`] : [],
      )
    : []
  add(host, {
    name: bridgeOf(names, network),
    make: { kind: 'bridge', mac: macFor(network.id) },
    mtu: network.mtu,
    master: null,
    alias: `network ${network.id}`,
    addresses,
    learning: false,
    suppressNeighbours: false,
  })
}

function addLeg(
  host: WantedHost,
  network: WantedNetwork,
  names: Names,
  leg: { outside: string; inside: string; namespace: string; mac: string; alias: string },
): void {
  const mac = leg.mac.toLowerCase()
  add(host, {
    name: leg.outside,
    make: { kind: 'veth', namespace: leg.namespace, inside: leg.inside, mac },
    mtu: network.mtu,
    master: bridgeOf(names, network),
    alias: leg.alias,
    addresses: [],
    learning: false,
    suppressNeighbours: false,
  })
  host.forwarding.add(`${mac} dev ${leg.outside} master static`)
  host.namespaces.get(leg.namespace)!.legs.push({ inside: leg.inside, mac, mtu: network.mtu })
}

function addService(host: WantedHost, network: WantedNetwork, names: Names): void {
  const namespace = names.serviceNamespace(network.id)
  const addresses = [`${serviceInside} ${metadataAddress}/32`]
  const routes = new Map<string, string>()
  for (const subnet of network.subnets) {
    if (subnet.ipVersion !== 4) continue
    const prefix = parsePrefix(subnet.cidr)
    if (subnet.dhcpAddress === null) routes.set(formatPrefix(prefix), `dev ${serviceInside}`)
    else addresses.push(`${serviceInside} ${subnet.dhcpAddress}/${prefix.length}`)
  }
  routes.set('255.255.255.255', `dev ${serviceInside}`)
  host.namespaces.set(namespace, {
    name: namespace,
    legs: [],
    addresses: new Set(addresses),
    routes,
    forwards: false,
    table: null,
  })
  const outside = names.interfaceFor('m', network.id)
  const alias = `service ${network.id}`
  addLeg(host, network, names, { outside, inside: serviceInside, namespace, mac: network.serviceMac, alias })
}

function addTunnel(host: WantedHost, network: WantedNetwork, vni: number, local: string, names: Names): void {
  const name = names.interfaceFor('v', network.id)
  const bridge = bridgeOf(names, network)
  add(host, {
    name,
    make: { kind: 'vxlan', vni, local },
    mtu: network.mtu,
    master: bridge,
    alias: `tunnel ${network.id}`,
    addresses: [],
    learning: false,
    suppressNeighbours: true,
  })
  for (const port of network.remotePorts) {
    const mac = port.mac.toLowerCase()
    host.forwarding.add(`${mac} dev ${name} dst ${port.tunnelAddress} self static`)
    host.forwarding.add(`${mac} dev ${name} master static`)
    host.forwarding.add(`00:00:00:00:00:00 dev ${name} dst ${port.tunnelAddress} self permanent`)
    for (const address of port.addresses)
      if (!address.includes('/')) host.neighbours.add(`${canonicalAddress(address)} lladdr ${mac} dev ${bridge}`)
  }
}

function addRouter(host: WantedHost, router: WantedRouter, networks: Map<string, WantedNetwork>, names: Names): void {
  const namespace = names.routerNamespace(router.id)
  const state: WantedNamespace = {
    name: namespace,
    legs: [],
    addresses: new Set(),
    routes: new Map(
      router.routes.map(({ destination, nexthop }) => [routeKey(destination), `via ${canonicalAddress(nexthop)}`]),
    ),
    forwards: true,
    table: routerTable(router, names),
  }
  host.namespaces.set(namespace, state)
  // One port may have several addresses, hence several entries with one port id.
  const legs = new Map<string, { networkId: string; mac: string; cidrs: string[] }>()
  for (const { portId, networkId, mac, cidr } of router.interfaces) {
    const leg = legs.get(portId)
    if (leg) leg.cidrs.push(cidr)
    else legs.set(portId, { networkId, mac, cidrs: [cidr] })
  }
  const connect = (kind: 'in' | 'gw', portId: string, leg: { networkId: string; mac: string; cidrs: string[] }) => {
    const inside = insideName(names, kind, portId)
    addLeg(host, networks.get(leg.networkId)!, names, {
      outside: names.interfaceFor('r', portId),
      inside,
      namespace,
      mac: leg.mac,
      alias: `router ${router.id} ${kind}`,
    })
    for (const cidr of leg.cidrs) state.addresses.add(`${inside} ${canonicalCidr(cidr)}`)
    return inside
  }
  for (const [portId, leg] of legs) connect('in', portId, leg)
  const { gateway } = router
  if (!gateway) return
  const inside = connect('gw', gateway.portId, gateway)
  for (const ip of router.floatingIps) state.addresses.add(`${inside} ${ip.address}/32`)
  const nexthops = [gateway.nexthop, ...networks.get(gateway.networkId)!.subnets.map((subnet) => subnet.gateway)]
  for (const version of [4, 6] as const) {
    if (!gateway.cidrs.some((cidr) => versionOf(cidr) === version)) continue
    const nexthop = nexthops.find((address) => address && versionOf(address) === version)
    const key = version === 4 ? 'default' : 'default6'
    if (nexthop && !state.routes.has(key)) state.routes.set(key, `via ${canonicalAddress(nexthop)} dev ${inside}`)
  }
}

function insideName(names: Names, letters: 'in' | 'gw', portId: string): string {
  return `${letters}${names.interfaceFor('r', portId).slice(names.prefix.length + 1)}`
}

/** Name of the gateway leg inside the router's namespace. */
export const gatewayInside = (names: Names, portId: string): string => insideName(names, 'gw', portId)

function routeKey(destination: string): string {
  const prefix = parsePrefix(destination)
  if (prefix.length === 0) return prefix.version === 4 ? 'default' : 'default6'
  return formatPrefix(prefix)
}

function canonicalCidr(cidr: string): string {
  const [address = '', length] = cidr.split('/')
  return `${canonicalAddress(address)}/${length ?? (versionOf(address) === 4 ? 32 : 128)}`
}
