// Decides what a DHCP server with fixed leases answers; no clock and no memory: the cloud has already assigned everything.
import type { WantedNetwork, WantedPort, WantedSubnet } from '../../../../kernel/network/driver.ts'
import { formatPrefix, formatV4, parsePrefix } from '../addresses.ts'
import { metadataAddress } from '../host-tables.ts'
import type { DhcpMessage } from './packet.ts'
import { addressBytes, encodeClasslessRoutes, messageType, option, uint16, uint32 } from './packet.ts'

/** What one MAC is given. */
export interface Lease {
  address: string
  server: string
  /** All options but those of the message itself. */
  options: Map<number, Buffer>
}

export const leaseSeconds = 86_400

/** The leases of one network, by MAC in lower case. A port gets its first IPv4 address from a subnet with DHCP. */
export function leasesOf(network: WantedNetwork, ports: WantedPort[]): Map<string, Lease> {
  const subnets = new Map(network.subnets.map((subnet) => [subnet.id, subnet]))
  const leases = new Map<string, Lease>()
  for (const port of ports) {
    if (port.networkId !== network.id || !port.adminUp) continue
    for (const { subnetId, address } of port.fixedIps) {
      const subnet = subnets.get(subnetId)
      if (subnet?.ipVersion !== 4 || subnet.dhcpAddress === null) continue
      const options = leaseOptions(network, subnet, subnet.dhcpAddress, port.hostname)
      leases.set(port.mac.toLowerCase(), { address, server: subnet.dhcpAddress, options })
      break
    }
  }
  return leases
}

function leaseOptions(network: WantedNetwork, subnet: WantedSubnet, server: string, hostname: string) {
  const { first, length } = parsePrefix(subnet.cidr)
  const hostBits = BigInt(32 - length)
  const mask = (0xffffffffn >> hostBits) << hostBits
  // Clients that understand option 121 ignore option 3, so the default route stands in both.
  const routes = [
    ...subnet.hostRoutes.map(({ destination, nexthop }) => ({ destination: prefixText(destination), nexthop })),
    { destination: `${metadataAddress}/32`, nexthop: server },
    ...(subnet.gateway ? [{ destination: '0.0.0.0/0', nexthop: subnet.gateway }] : []),
  ]
  const dns = subnet.dns.filter((address) => !address.includes(':'))
  const options: [number, Buffer][] = [
    [option.subnetMask, addressBytes(formatV4(mask))],
    [option.broadcastAddress, addressBytes(formatV4(first | (~mask & 0xffffffffn)))],
    [option.mtu, uint16(network.mtu)],
    [option.classlessRoutes, encodeClasslessRoutes(routes)],
  ]
  if (subnet.gateway) options.push([option.router, addressBytes(subnet.gateway)])
  if (dns.length > 0) options.push([option.dns, Buffer.concat(dns.map(addressBytes))])
  if (hostname !== '') options.push([option.hostname, Buffer.from(hostname.slice(0, 255))])
  return new Map(options)
}

function prefixText(destination: string): string {
  const prefix = parsePrefix(destination)
  return prefix.length === 32 ? `${formatPrefix(prefix)}/32` : formatPrefix(prefix)
}

/** The answer to a request, or undefined where silence is right. */
export function answerDhcp(request: DhcpMessage, leases: Map<string, Lease>): DhcpMessage | undefined {
  if (request.op !== 1) return undefined
  const lease = leases.get(request.mac)
  if (!lease) return undefined
  switch (request.options.get(option.messageType)?.[0]) {
    case messageType.discover:
      return reply(request, lease, messageType.offer)
    case messageType.request: {
      const server = request.options.get(option.server)
      if (server && !server.equals(addressBytes(lease.server))) return undefined
      const requested = request.options.get(option.requestedAddress)?.join('.') ?? request.clientAddress
      return reply(request, lease, requested === lease.address ? messageType.ack : messageType.nak)
    }
    case messageType.inform:
      return reply(request, lease, messageType.ack)
    default:
      return undefined
  }
}

function reply(request: DhcpMessage, lease: Lease, type: number): DhcpMessage {
  const isRefusal = type === messageType.nak
  const isInform = request.options.get(option.messageType)?.[0] === messageType.inform
  const options = new Map<number, Buffer>([
    [option.messageType, Buffer.from([type])],
    [option.server, addressBytes(lease.server)],
  ])
  if (!isRefusal && !isInform) {
    options.set(option.leaseSeconds, uint32(leaseSeconds))
    options.set(option.renewSeconds, uint32(leaseSeconds / 2))
    options.set(option.rebindSeconds, uint32((leaseSeconds * 7) / 8))
  }
  if (!isRefusal) for (const [code, value] of lease.options) options.set(code, value)
  return {
    op: 2,
    transactionId: request.transactionId,
    broadcast: request.broadcast,
    clientAddress: isRefusal ? '0.0.0.0' : request.clientAddress,
    yourAddress: isRefusal || isInform ? '0.0.0.0' : lease.address,
    serverAddress: lease.server,
    relayAddress: request.relayAddress,
    mac: request.mac,
    options,
  }
}

/** Where an answer goes: to a client that has its address by that address, otherwise to everybody. */
export function destinationOf(request: DhcpMessage, answer: DhcpMessage): string {
  const isRefusal = answer.options.get(option.messageType)?.[0] === messageType.nak
  return request.clientAddress === '0.0.0.0' || isRefusal ? '255.255.255.255' : request.clientAddress
}
