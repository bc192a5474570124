// The two nftables tables in the host's own namespace, rendered as a whole from what is wanted.
import type { HostNetworks, WantedNetwork } from '../../../kernel/network/driver.ts'
import { formatPrefix, parsePrefix } from './addresses.ts'
import { addGroup } from './group-rules.ts'
import type { Names } from './names.ts'
import type { NftTable } from './nft-table.ts'
import { emptyTable, nftSet } from './nft-table.ts'
import { addPort, establishedMark, preambles, refusedMark } from './port-rules.ts'

export const metadataAddress = '169.254.169.254'

export const isExternal = (network: WantedNetwork): boolean => 'external' in network.kind

export const isServed = (network: WantedNetwork): boolean =>
  network.subnets.some((subnet) => subnet.ipVersion === 4 && subnet.dhcpAddress !== null)

export const bridgeOf = (names: Names, network: WantedNetwork): string =>
  names.interfaceFor(isExternal(network) ? 'x' : 'n', network.id)

/** Filters: who may send what to whom. */
export function bridgeTable(wanted: HostNetworks, names: Names): NftTable {
  const table = emptyTable('bridge', names.table)
  const externalNetworks = new Set(wanted.networks.filter(isExternal).map((network) => network.id))
  for (const map of ['port_guard', 'port_from', 'port_to']) table.sets.set(map, nftSet('map', 'type ifname : verdict'))
  const externalPorts = [
    ...wanted.ports
      .filter((port) => externalNetworks.has(port.networkId))
      .map((port) => names.interfaceFor('p', port.id)),
    ...routerLegs(wanted).flatMap((leg) =>
      externalNetworks.has(leg.networkId) ? [names.interfaceFor('r', leg.portId)] : [],
    ),
  ]
  table.sets.set(
    'external_ports',
    nftSet(
      'set',
      'type ifname',
      externalPorts.map((name) => [`"${name}"`, '']),
    ),
  )
  const base = (name: string, hook: string, priority: string | number, rules: string[]) =>
    table.chains.set(name, { base: `type filter hook ${hook} priority ${priority}`, rules })
  base('guard', 'prerouting', 'dstnat', ['iifname vmap @port_guard'])
  // Without this every address of the host would answer on every bridge, addresses on them or not.
  base('to_host', 'input', 0, [
    'iifname @external_ports accept',
    `iifname { ${['p', 'm', 'r', 'v'].map((kind) => `"${names.prefix}${kind}*"`).join(', ')} } drop`,
  ])
  base('from_to_host', 'input', 10, ['iifname vmap @port_from'])
  base('from', 'forward', 10, ['iifname vmap @port_from'])
  base('to', 'forward', 11, ['oifname vmap @port_to'])
  base('to_from_host', 'output', 11, ['oifname vmap @port_to'])
  for (const [name, chain] of Object.entries(preambles)) table.chains.set(name, chain)
  if (wanted.tunnelAddress !== null) addTunnels(table, wanted, names)
  const groups = new Map(wanted.securityGroups.map((group) => [group.id, group]))
  for (const group of wanted.securityGroups) addGroup(table, group, groups)
  for (const port of wanted.ports) addPort(table, port, names.interfaceFor('p', port.id))
  return table
}

/** DHCP and metadata have the same address and MAC on every host, so these must never be seen on a tunnel. */
function addTunnels(table: NftTable, wanted: HostNetworks, names: Names): void {
  const served = wanted.networks.filter((network) => !isExternal(network) && isServed(network))
  const tunnel = (network: WantedNetwork) => `"${names.interfaceFor('v', network.id)}"`
  const addresses = served.flatMap((network) =>
    [
      metadataAddress,
      ...network.subnets.flatMap((subnet) =>
        subnet.ipVersion === 4 && subnet.dhcpAddress ? [subnet.dhcpAddress] : [],
      ),
    ].map((address): [string, string] => [`${tunnel(network)} . ${address}`, '']),
  )
  const macs = served.map((network): [string, string] => [
    `${tunnel(network)} . ${network.serviceMac.toLowerCase()}`,
    '',
  ])
  table.sets.set(
    'served_tunnels',
    nftSet(
      'set',
      'type ifname',
      served.map((network) => [tunnel(network), '']),
    ),
  )
  table.sets.set('service_macs', nftSet('set', 'type ifname . ether_addr', macs))
  table.sets.set('service_addresses', nftSet('set', 'type ifname . ipv4_addr', addresses))
  table.chains.set('from_tunnel', {
    base: 'type filter hook prerouting priority dstnat',
    rules: ['iifname . ether saddr @service_macs drop'],
  })
  table.chains.set('to_tunnel', {
    base: 'type filter hook forward priority 0',
    rules: [
      'oifname . ether saddr @service_macs drop',
      'oifname . ether daddr @service_macs drop',
      'oifname . arp daddr ip @service_addresses drop',
      'oifname @served_tunnels udp dport 67 drop',
    ],
  })
}

/** Connection tracking for bridged frames, and the way out of external networks. */
export function inetTable(wanted: HostNetworks, names: Names, zones: Map<string, number>): NftTable {
  const table = emptyTable('inet', names.table)
  const zoned = wanted.networks.filter((network) => !isExternal(network))
  const elements = zoned.map((network): [string, string] => [
    `"${bridgeOf(names, network)}"`,
    String(zones.get(bridgeOf(names, network))),
  ])
  table.sets.set('zones', nftSet('map', 'typeof iifname : ct zone', elements))
  const ours = `"${names.prefix}n*", "${names.prefix}x*"`
  const noteState = [
    `meta mark set meta mark and ${inverted(establishedMark, refusedMark)}`,
    `ct mark and ${refusedMark} == ${refusedMark} meta mark set meta mark or ${refusedMark} return`,
    `ct state invalid meta mark set meta mark or ${refusedMark} return`,
    `ct state established,related meta mark set meta mark or ${establishedMark}`,
  ]
  table.chains.set('zone', {
    base: 'type filter hook prerouting priority raw',
    rules: ['ct zone set iifname map @zones'],
  })
  table.chains.set('state', {
    base: 'type filter hook prerouting priority mangle',
    rules: [`iifname != { ${ours} } return`, ...noteState],
  })
  table.chains.set('state_from_host', {
    base: 'type filter hook output priority mangle',
    rules: [`oifname != "${names.prefix}x*" return`, ...noteState],
  })
  const leaving = wanted.networks
    .filter(isExternal)
    .flatMap((network) => network.subnets)
    .filter((subnet) => subnet.ipVersion === 4 && subnet.gateway !== null)
    .map((subnet) => `ip saddr ${formatPrefix(parsePrefix(subnet.cidr))} oifname != { "lo", ${ours} } masquerade`)
  table.chains.set('leave', { base: 'type nat hook postrouting priority srcnat', rules: leaving })
  return table
}

function inverted(...marks: string[]): string {
  const all = marks.reduce((value, mark) => value | Number(mark), 0)
  return `0x${(~all >>> 0).toString(16)}`
}

export function routerLegs(wanted: HostNetworks): { portId: string; networkId: string; mac: string }[] {
  return wanted.routers.flatMap((router) => [...router.interfaces, ...(router.gateway ? [router.gateway] : [])])
}

const zoneCount = 65_535

/**
 * A connection tracking zone for every tenant bridge, by name. A bridge keeps the zone in `standing`, because its
 * connections live there; zone 0 is the host's and that of external networks, whose packets it masquerades.
 */
export function assignZones(bridges: string[], standing: Map<string, number>): Map<string, number> {
  const zones = new Map<string, number>()
  for (const bridge of bridges) {
    const zone = standing.get(bridge)
    if (zone !== undefined) zones.set(bridge, zone)
  }
  const used = new Set(zones.values())
  for (const bridge of bridges) {
    if (zones.has(bridge)) continue
    let zone = 1 + (Number.parseInt(bridge.slice(-8), 16) % zoneCount)
    while (used.has(zone)) zone = (zone % zoneCount) + 1
    used.add(zone)
    zones.set(bridge, zone)
  }
  return zones
}
