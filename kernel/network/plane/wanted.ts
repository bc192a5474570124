// What one host must be, out of the picture: a pure function, so that every host and every retry gets the same answer.

import { formatCidr, parseCidr } from '../addresses/ip.ts'
import type {
  HostNetworks,
  WantedNetwork,
  WantedPort,
  WantedRouter,
  WantedRule,
  WantedSecurityGroup,
  WantedSubnet,
} from '../driver.ts'
import { isNetworkDevice, owners, type Port } from '../ports/port.ts'
import type { Router } from '../routers/router.ts'
import type { SecurityGroupRule } from '../security-groups/group.ts'
import { protocolNumber } from '../security-groups/rule-checks.ts'
import type { Subnet } from '../subnets/subnet.ts'
import type { Picture } from './picture.ts'

export interface Surroundings {
  /** Tunnel address of each host; null where it has none. */
  tunnels: Map<string, string | null>
  dnsServers: readonly string[]
}

export interface Wanted {
  networks: HostNetworks
  /** Ids of networks, groups and routers whose changes concern this host. */
  interest: Set<string>
}

export function wantedOn(host: string, picture: Picture, { tunnels, dnsServers }: Surroundings): Wanted {
  const ports = picture.ports.by('host', host).filter(({ deviceOwner }) => !isNetworkDevice(deviceOwner))
  const routers = picture.routers.by('host', host).map((row) => wantedRouter(row, picture))
  const networkIds = new Set([
    ...ports.map(({ networkId }) => networkId),
    ...routers.flatMap((row) => [...row.interfaces, ...(row.gateway ? [row.gateway] : [])].map((leg) => leg.networkId)),
  ])
  const groups = wantedGroups(ports, picture)
  const networks = [...networkIds].flatMap((id) => wantedNetwork(id, host, picture, tunnels, dnsServers) ?? [])
  return {
    networks: {
      tunnelAddress: tunnels.get(host) ?? null,
      networks,
      ports: ports.map((row) => wantedPort(row, picture)),
      securityGroups: groups,
      routers,
    },
    interest: new Set([...networkIds, ...groups.map(({ id }) => id), ...routers.map(({ id }) => id)]),
  }
}

const wantedPort = (row: Port, picture: Picture): WantedPort => ({
  id: row.id,
  networkId: row.networkId,
  mac: row.macAddress,
  fixedIps: row.fixedIps.map(({ subnet_id, ip_address }) => ({ subnetId: subnet_id, address: ip_address })),
  hostname: row.hostname,
  adminUp: row.adminStateUp && (picture.networks.get(row.networkId)?.adminStateUp ?? true),
  portSecurity: row.portSecurityEnabled,
  allowedPairs: row.allowedAddressPairs.map(({ ip_address, mac_address }) => ({
    address: ip_address,
    ...(mac_address !== undefined && { mac: mac_address }),
  })),
  securityGroups: row.securityGroups.filter((id) => picture.groups.get(id)),
})

function wantedNetwork(
  id: string,
  host: string,
  picture: Picture,
  tunnels: Surroundings['tunnels'],
  dnsServers: readonly string[],
): WantedNetwork | undefined {
  const row = picture.networks.get(id)
  if (!row) return undefined
  const ports = picture.ports.by('network', id)
  const dhcp = ports.find(({ deviceOwner }) => deviceOwner === owners.dhcp)
  const remotePorts = ports.flatMap((one) => {
    const place = placeOf(one, picture)
    const tunnelAddress = place && place !== host ? tunnels.get(place) : undefined
    if (!tunnelAddress) return []
    return [{ mac: one.macAddress, addresses: one.fixedIps.map(({ ip_address }) => ip_address), tunnelAddress }]
  })
  return {
    id,
    kind: row.networkType === 'flat' ? { external: row.physicalNetwork ?? '' } : { tenant: row.segmentationId ?? 0 },
    mtu: row.mtu,
    serviceMac: dhcp?.macAddress ?? macFromId(id),
    subnets: picture.subnets.by('network', id).map((one) => wantedSubnet(one, dhcp, dnsServers)),
    remotePorts: row.networkType === 'flat' ? [] : remotePorts,
  }
}

/** The host on which a port's frames come out. */
function placeOf(row: Port, picture: Picture): string | undefined {
  if (row.deviceOwner === owners.interface || row.deviceOwner === owners.gateway)
    return picture.routers.get(row.deviceId)?.host
  return isNetworkDevice(row.deviceOwner) ? undefined : row.host
}

/** A network without a DHCP port answers under an address of its own, the same on every host. */
const macFromId = (id: string) => `fa:16:3d:${id.replaceAll('-', '').slice(0, 6).match(/../g)!.join(':')}`

const wantedSubnet = (row: Subnet, dhcp: Port | undefined, dnsServers: readonly string[]): WantedSubnet => ({
  id: row.id,
  cidr: row.cidr,
  ipVersion: row.ipVersion as 4 | 6,
  gateway: row.gatewayIp,
  dns: row.dnsNameservers.length > 0 ? row.dnsNameservers : [...dnsServers],
  hostRoutes: row.hostRoutes,
  dhcpAddress: row.enableDhcp
    ? (dhcp?.fixedIps.find(({ subnet_id }) => subnet_id === row.id)?.ip_address ?? null)
    : null,
})

/** The groups of these ports with their rules, and the groups that those rules refer to without theirs. */
function wantedGroups(ports: Port[], picture: Picture): WantedSecurityGroup[] {
  const used = new Set(ports.flatMap(({ securityGroups }) => securityGroups).filter((id) => picture.groups.get(id)))
  const result = [...used].map((id) => ({
    id,
    rules: picture.rules.by('group', id).map(wantedRule),
    members: membersOf(id, picture),
  }))
  const referred = new Set(result.flatMap(({ rules }) => rules.flatMap(({ remoteGroupId }) => remoteGroupId ?? [])))
  for (const id of referred) if (!used.has(id)) result.push({ id, rules: [], members: membersOf(id, picture) })
  return result
}

/** Addresses of the ports that are plugged in somewhere: one that is not sends nothing. */
const membersOf = (groupId: string, picture: Picture) =>
  picture.ports
    .by('group', groupId)
    .filter(({ host }) => host !== '')
    .flatMap(({ fixedIps, allowedAddressPairs }) => [
      ...fixedIps.map(({ ip_address }) => ip_address),
      ...allowedAddressPairs.map(({ ip_address }) => ip_address),
    ])

const names: Record<number, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp', 132: 'sctp' }

const wantedRule = (row: SecurityGroupRule): WantedRule => {
  const number = protocolNumber(row.protocol)
  // `icmp` in an IPv6 rule is meant for ICMPv6, as in Neutron.
  const meant = number === 1 && row.ethertype === 'IPv6' ? 58 : number
  return {
    direction: row.direction,
    ethertype: row.ethertype,
    protocol: meant === null ? null : (names[meant] ?? String(meant)),
    portMin: row.portRangeMin,
    portMax: row.portRangeMax,
    remoteCidr: row.remoteIpPrefix ? formatCidr(parseCidr(row.remoteIpPrefix)!) : null,
    remoteGroupId: row.remoteGroupId,
  }
}

function wantedRouter(row: Router, picture: Picture): WantedRouter {
  const withLength = ({ subnet_id, ip_address }: Port['fixedIps'][number]) => {
    const subnet = picture.subnets.get(subnet_id)
    return subnet ? [`${ip_address}/${parseCidr(subnet.cidr)!.prefix}`] : []
  }
  const gateway = row.gatewayPortId ? picture.ports.get(row.gatewayPortId) : undefined
  const outer = gateway?.fixedIps.flatMap(({ subnet_id }) => picture.subnets.get(subnet_id) ?? []) ?? []
  const nexthop = (outer.find(({ ipVersion }) => ipVersion === 4) ?? outer[0])?.gatewayIp ?? null
  return {
    id: row.id,
    adminUp: row.adminStateUp,
    interfaces: picture.ports
      .by('leg', row.id)
      .flatMap((leg) =>
        leg.fixedIps.flatMap((one) =>
          withLength(one).map((cidr) => ({ portId: leg.id, networkId: leg.networkId, mac: leg.macAddress, cidr })),
        ),
      ),
    gateway: gateway
      ? {
          portId: gateway.id,
          networkId: gateway.networkId,
          mac: gateway.macAddress,
          cidrs: gateway.fixedIps.flatMap(withLength),
          nexthop,
          snat: row.enableSnat,
        }
      : null,
    routes: row.routes,
    floatingIps: gateway
      ? picture.floatingIps
          .by('router', row.id)
          .flatMap(({ id, floatingIpAddress, fixedIpAddress }) =>
            fixedIpAddress ? [{ id, address: floatingIpAddress, fixedAddress: fixedIpAddress }] : [],
          )
      : [],
  }
}
