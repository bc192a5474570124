// What makes a subnet sound: block, gateway, pools, name servers, routes and IPv6 modes. Pure, but for the refusals.

import {
  type Address,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  hostRange,
  type IpVersion,
  parseAddress,
  parseCidr,
  type Range,
  without,
} from '../addresses/ip.ts'
import { invalidInput, refusal } from '../problems.ts'
import type { HostRoute, Pool, Subnet } from './subnet.ts'

/** @throws 400 for what is no block of this family in its canonical form. */
export function blockFrom(text: string, version: IpVersion): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw refusal(400, 'HTTPBadRequest', `Invalid input for cidr. Reason: '${text}' is not a valid IP subnet.`)
  if (cidr.written !== cidr.first)
    throw refusal(
      400,
      'HTTPBadRequest',
      `Invalid input for cidr. Reason: '${text}' isn't a recognized IP subnet cidr, '${formatCidr(cidr)}' is recommended.`,
    )
  if (cidr.version !== version) throw invalidInput(`ip_version ${version} does not match the cidr '${text}'`)
  if (cidr.prefix === 0) throw invalidInput('0 is not allowed as CIDR prefix length')
  if (cidr.version === 4 && cidr.first >> 28n === 14n) throw invalidInput('Multicast IP subnet is not supported')
  return cidr
}

export function addressFrom(name: string, text: string, version?: IpVersion): Address {
  const address = parseAddress(text)
  if (!address || (version !== undefined && address.version !== version))
    throw refusal(
      400,
      'InvalidInput',
      `Invalid input for ${name}. Reason: '${text}' is not a valid IP${version ? `v${version}` : ''} address.`,
    )
  return address
}

/** The gateway that was asked for, the first address where none was named, or null. */
export function gatewayFrom(asked: string | null | undefined, cidr: Cidr): Address | null {
  if (asked === null) return null
  const range = hostRange(cidr)
  if (asked === undefined) return { version: cidr.version, value: range.start }
  const address = addressFrom('gateway_ip', asked, cidr.version)
  if (contains(cidr, address) && (address.value < range.start || address.value > range.end))
    throw invalidInput('Gateway is not valid on subnet')
  return address
}

/** All host addresses but the gateway's. */
export function defaultPools(cidr: Cidr, gateway: Address | null): Pool[] {
  const range = hostRange(cidr)
  const ranges = range.start > range.end ? [] : gateway ? without(range, gateway.value) : [range]
  return ranges.map((one) => poolOf(cidr.version, one))
}

const poolOf = (version: IpVersion, { start, end }: Range): Pool => ({
  start: formatAddress({ version, value: start }),
  end: formatAddress({ version, value: end }),
})

/** @throws 400 or 409 for pools outside the block, that overlap, or that hold the gateway. */
export function poolsFrom(asked: Pool[], cidr: Cidr, gateway: Address | null): Pool[] {
  const hosts = hostRange(cidr)
  const ranges = asked.map(({ start, end }) => {
    const range = {
      start: addressFrom('allocation_pools', start, cidr.version).value,
      end: addressFrom('allocation_pools', end, cidr.version).value,
    }
    if (range.end < range.start)
      throw refusal(400, 'InvalidAllocationPool', `The allocation pool ${start}-${end} is not valid.`)
    if (range.start < hosts.start || range.end > hosts.end)
      throw refusal(
        400,
        'OutOfBoundsAllocationPool',
        `The allocation pool ${start}-${end} spans beyond the subnet cidr ${formatCidr(cidr)}.`,
      )
    return range
  })
  const sorted = [...ranges].sort((a, b) => (a.start < b.start ? -1 : 1))
  for (const [index, range] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next && next.start <= range.end)
      throw refusal(
        409,
        'OverlappingAllocationPools',
        `Found overlapping allocation pools for subnet ${formatCidr(cidr)}.`,
      )
  }
  refuseGatewayInPools(gateway, ranges, cidr.version)
  return ranges.map((range) => poolOf(cidr.version, range))
}

export function refuseGatewayInPools(gateway: Address | null, ranges: Range[], version: IpVersion): void {
  const hit = gateway && ranges.find(({ start, end }) => gateway.value >= start && gateway.value <= end)
  if (!gateway || !hit) return
  const { start, end } = poolOf(version, hit)
  throw refusal(
    409,
    'GatewayConflictWithAllocationPools',
    `Gateway ip ${formatAddress(gateway)} conflicts with allocation pool ${start}-${end}.`,
  )
}

export const rangesOf = (pools: Pool[]): Range[] =>
  pools.map(({ start, end }) => ({ start: parseAddress(start)!.value, end: parseAddress(end)!.value }))

export function dnsFrom(asked: string[], max: number): string[] {
  if (asked.length > max)
    throw refusal(
      400,
      'DNSNameServersExhausted',
      `Unable to complete operation. The number of DNS nameservers exceeds the limit ${max}.`,
    )
  const canonical = asked.map((text) => formatAddress(addressFrom('dns_nameservers', text)))
  if (new Set(canonical).size !== canonical.length)
    throw refusal(400, 'HTTPBadRequest', 'Invalid input for dns_nameservers. Reason: Duplicate nameserver.')
  return asked
}

export function hostRoutesFrom(asked: HostRoute[], version: IpVersion, max: number): HostRoute[] {
  if (asked.length > max)
    throw refusal(
      400,
      'HostRoutesExhausted',
      `Unable to complete operation. The number of host routes exceeds the limit ${max}.`,
    )
  for (const { destination, nexthop } of asked) {
    const block = parseCidr(destination)
    if (block?.version !== version) throw invalidInput(`Invalid CIDR ${destination} given as host route destination`)
    addressFrom('host_routes', nexthop, version)
  }
  const known = new Set(asked.map(({ destination, nexthop }) => `${destination} ${nexthop}`))
  if (known.size !== asked.length)
    throw refusal(400, 'HTTPBadRequest', 'Invalid input for host_routes. Reason: Duplicate hostroute.')
  return asked
}

/** @throws 400 for IPv6 modes that do not go together. */
export function checkIpv6Modes(
  wanted: Pick<Subnet, 'ipVersion' | 'enableDhcp' | 'ipv6RaMode' | 'ipv6AddressMode'>,
  cidr: Cidr,
) {
  const { ipVersion, enableDhcp, ipv6RaMode, ipv6AddressMode } = wanted
  if (!ipv6RaMode && !ipv6AddressMode) return
  if (ipVersion !== 6) throw invalidInput('ipv6_ra_mode and ipv6_address_mode are for IPv6 subnets only')
  if (!enableDhcp)
    throw invalidInput('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False')
  if (ipv6RaMode && ipv6AddressMode && ipv6RaMode !== ipv6AddressMode)
    throw invalidInput(
      `ipv6_ra_mode set to '${ipv6RaMode}' with ipv6_address_mode set to '${ipv6AddressMode}' is not valid. If both attributes are set, they must be the same value`,
    )
  const isAuto = [ipv6RaMode, ipv6AddressMode].some((mode) => mode === 'slaac' || mode === 'dhcpv6-stateless')
  if (isAuto && cidr.prefix !== 64)
    throw invalidInput(
      `Invalid CIDR ${formatCidr(cidr)} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    )
}
