// Judges standing connections by the rules of now: what has lost its permission must stop, not only what is new.
import type { HostNetworks, WantedPort, WantedRule, WantedSecurityGroup } from '../../../kernel/network/driver.ts'
import type { Prefix } from './addresses.ts'
import { contains, parsePrefix } from './addresses.ts'
import type { Connection, ConnectionChange } from './connection-table.ts'
import { hasPorts, protocolNumber } from './group-rules.ts'
import { addressesOf } from './port-rules.ts'

/** The bit of a connection's own mark that says its packets are to be dropped; the same bit as in the packet mark. */
export const refusedBit = 0x20000

interface Judge {
  allows(connection: Connection, direction: 'ingress' | 'egress'): boolean
}

type Matcher = (connection: Connection, remote: Prefix) => boolean

const isAddressAssignment = ({ protocol, sourcePort, destinationPort }: Connection): boolean =>
  protocol === 17 && [67, 68, 546, 547].includes(sourcePort ?? 0) && [67, 68, 546, 547].includes(destinationPort ?? 0)

/**
 * What must change about the connections given. `zoneOf`: the zone of a network. `gone`: `zone address` of ports that
 * left; their connections are forgotten, lest the next owner of the address inherits them.
 */
export function judgeConnections(
  connections: Connection[],
  wanted: HostNetworks,
  zoneOf: (networkId: string) => number,
  gone: Set<string>,
): ConnectionChange[] {
  const judges = judgesByAddress(wanted, zoneOf)
  const pairs = wanted.ports.flatMap((port) =>
    port.allowedPairs.map(({ address }) => ({ zone: zoneOf(port.networkId), prefix: parsePrefix(address), port })),
  )
  const groups = groupMatchers(wanted.securityGroups)
  const judgeFor = (zone: number, address: string): Judge | undefined => {
    const exact = judges.get(`${zone} ${address}`)
    if (exact || pairs.length === 0) return exact
    const own = parsePrefix(address)
    const pair = pairs.find((candidate) => candidate.zone === zone && contains(candidate.prefix, own))
    return pair && judgeOf(pair.port, groups)
  }
  const changes: ConnectionChange[] = []
  for (const connection of connections) {
    const { zone, source, destination, mark } = connection
    if (gone.has(`${zone} ${source}`) || gone.has(`${zone} ${destination}`)) {
      changes.push({ connection, change: 'forget' })
      continue
    }
    const [sender, receiver] = [judgeFor(zone, source), judgeFor(zone, destination)]
    if (!sender && !receiver) continue
    const isAllowed =
      isAddressAssignment(connection) ||
      ((sender?.allows(connection, 'egress') ?? true) && (receiver?.allows(connection, 'ingress') ?? true))
    const isRefused = (mark & refusedBit) !== 0
    if (isAllowed === isRefused) changes.push({ connection, change: isAllowed ? 'allow' : 'refuse' })
  }
  return changes
}

function judgesByAddress(wanted: HostNetworks, zoneOf: (networkId: string) => number): Map<string, Judge> {
  const groups = groupMatchers(wanted.securityGroups)
  const judges = new Map<string, Judge>()
  for (const port of wanted.ports) {
    const judge = judgeOf(port, groups)
    for (const version of [4, 6] as const)
      for (const address of addressesOf(port, version)) judges.set(`${zoneOf(port.networkId)} ${address}`, judge)
  }
  return judges
}

type GroupMatchers = Map<string, Record<'ingress' | 'egress', Matcher[]>>

function judgeOf(port: WantedPort, groups: GroupMatchers): Judge {
  if (!port.portSecurity || !port.adminUp) return { allows: () => true }
  return {
    allows: (connection, direction) => {
      const remote = parsePrefix(direction === 'ingress' ? connection.source : connection.destination)
      return port.securityGroups.some((id) =>
        groups.get(id)?.[direction].some((matches) => matches(connection, remote)),
      )
    },
  }
}

function groupMatchers(list: WantedSecurityGroup[]): GroupMatchers {
  const members = new Map(list.map((group) => [group.id, group.members.map(parsePrefix)]))
  return new Map(
    list.map((group) => {
      const of = (direction: WantedRule['direction']) =>
        group.rules.filter((rule) => rule.direction === direction).map((rule) => matcherOf(rule, members))
      return [group.id, { ingress: of('ingress'), egress: of('egress') }]
    }),
  )
}

function matcherOf(rule: WantedRule, members: Map<string, Prefix[]>): Matcher {
  const version = rule.ethertype === 'IPv4' ? 4 : 6
  const protocol = protocolNumber(rule)
  const remotes =
    rule.remoteGroupId !== null
      ? (members.get(rule.remoteGroupId) ?? [])
      : rule.remoteCidr !== null
        ? [parsePrefix(rule.remoteCidr)]
        : null
  return (connection, remote) =>
    connection.version === version &&
    (protocol === null || protocol === connection.protocol) &&
    matchesDetails(rule, protocol, connection) &&
    (remotes === null || remotes.some((prefix) => contains(prefix, remote)))
}

function matchesDetails({ portMin, portMax }: WantedRule, protocol: number | null, connection: Connection): boolean {
  const first = portMin ?? portMax
  if (protocol === null || first === null) return true
  if (hasPorts(protocol)) {
    const port = connection.destinationPort ?? 0
    return port >= first && port <= (portMax ?? first)
  }
  if (!connection.icmp || portMin === null) return true
  return connection.icmp.type === portMin && (portMax === null || connection.icmp.code === portMax)
}
