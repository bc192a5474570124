// What makes a rule sound: a known protocol, ports or ICMP types in range, addresses of the right family. Pure.
import { badRequest } from '../../../eden/errors.ts'
import { parseCidr } from '../addresses/ip.ts'
import { refusal } from '../problems.ts'
import type { SecurityGroupRule } from './group.ts'

/** IANA's numbers of the protocol names that Neutron knows. */
const protocolNumbers: Record<string, number> = {
  ah: 51,
  dccp: 33,
  egp: 8,
  esp: 50,
  gre: 47,
  icmp: 1,
  icmpv6: 58,
  igmp: 2,
  ipip: 4,
  'ipv6-encap': 41,
  'ipv6-frag': 44,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  'ipv6-route': 43,
  ospf: 89,
  pgm: 113,
  rsvp: 46,
  sctp: 132,
  tcp: 6,
  udp: 17,
  udplite: 136,
  vrrp: 112,
}
const withPorts = new Set([6, 17, 33, 132, 136])
const icmp = new Set([1, 58])

export type AskedRule = Pick<
  SecurityGroupRule,
  'direction' | 'protocol' | 'portRangeMin' | 'portRangeMax' | 'remoteIpPrefix' | 'remoteGroupId' | 'description'
> & { ethertype: string }

export const protocolNumber = (protocol: string | null): number | null => {
  if (protocol === null) return null
  return /^\d+$/.test(protocol) ? Number(protocol) : (protocolNumbers[protocol] ?? null)
}

export function protocolFrom(asked: unknown): string | null {
  if (asked === null || asked === undefined || asked === '') return null
  const text = String(asked).toLowerCase()
  if (text === 'any' || text === '-1') return null
  const isNumber = /^\d{1,3}$/.test(text) && Number(text) <= 255
  if (isNumber || text in protocolNumbers) return text
  throw refusal(
    400,
    'SecurityGroupRuleInvalidProtocol',
    `Security group rule protocol ${text} not supported. Only protocol values [${Object.keys(protocolNumbers).join(', ')}] and integer representations [0 to 255] are supported.`,
  )
}

export function familyFrom(asked: string): 'IPv4' | 'IPv6' {
  if (/^ipv4$/i.test(asked)) return 'IPv4'
  if (/^ipv6$/i.test(asked)) return 'IPv6'
  throw refusal(
    400,
    'SecurityGroupRuleInvalidEtherType',
    `Security group rule for ethertype '${asked}' not supported. Allowed values are ['IPv4', 'IPv6'].`,
  )
}

/** @throws 400 for a rule that cannot be meant. */
export function checkRule(rule: AskedRule): void {
  const number = protocolNumber(rule.protocol)
  checkPorts(rule, number)
  if (number === 58 && rule.ethertype === 'IPv4')
    throw refusal(
      400,
      'SecurityGroupEthertypeConflictWithProtocol',
      `Invalid ethertype ${rule.ethertype} for protocol ${rule.protocol}.`,
    )
  if (rule.remoteIpPrefix !== null && rule.remoteGroupId !== null)
    throw refusal(
      400,
      'SecurityGroupRemoteGroupAndRemoteIpPrefix',
      'Only remote_ip_prefix or remote_group_id may be provided.',
    )
  if (rule.remoteIpPrefix === null) return
  const block = parseCidr(rule.remoteIpPrefix)
  if (!block)
    throw badRequest(`Invalid input for remote_ip_prefix. Reason: '${rule.remoteIpPrefix}' is not a valid CIDR.`)
  if (`IPv${block.version}` !== rule.ethertype)
    throw refusal(
      400,
      'SecurityGroupRuleParameterConflict',
      `Conflicting value ethertype ${rule.ethertype} for CIDR ${rule.remoteIpPrefix}`,
    )
}

function checkPorts({ portRangeMin: min, portRangeMax: max, protocol }: AskedRule, number: number | null): void {
  if (min === null && max === null) return
  if (number === null)
    throw refusal(400, 'SecurityGroupProtocolRequiredWithPorts', 'Must also specify protocol if port range is given.')
  if (icmp.has(number)) {
    for (const [name, value] of [
      ['port_range_min', min],
      ['port_range_max', max],
    ] as const)
      if (value !== null && (value < 0 || value > 255))
        throw refusal(
          400,
          'SecurityGroupInvalidIcmpValue',
          `Invalid value for ICMP ${name === 'port_range_min' ? 'type' : 'code'} (${name}) ${value}. It must be 0 to 255.`,
        )
    if (min === null)
      throw refusal(
        400,
        'SecurityGroupMissingIcmpType',
        `ICMP code (port-range-max) ${max} is provided but ICMP type (port-range-min) is missing.`,
      )
    return
  }
  if (!withPorts.has(number))
    throw refusal(
      400,
      'SecurityGroupInvalidProtocolForPort',
      `Port range cannot be specified for protocol ${protocol}. Port range is only supported for TCP, UDP, UDPLITE, SCTP and DCCP.`,
    )
  for (const value of [min, max])
    if (value !== null && (value < 0 || value > 65535))
      throw refusal(400, 'SecurityGroupInvalidPortValue', `Invalid value for port ${value}`)
  const isRange = min !== null && max !== null && min <= max && min >= 1 && max <= 65535
  if (!isRange)
    throw refusal(
      400,
      'SecurityGroupInvalidPortRange',
      'For TCP/UDP protocols, port_range_min must be <= port_range_max, and both between 1 and 65535.',
    )
}

/** Do two rules let the same packets through? */
export const isSameRule = (a: SecurityGroupRule, b: AskedRule) =>
  a.direction === b.direction &&
  a.ethertype === b.ethertype &&
  protocolNumber(a.protocol) === protocolNumber(b.protocol) &&
  a.portRangeMin === b.portRangeMin &&
  a.portRangeMax === b.portRangeMax &&
  a.remoteGroupId === b.remoteGroupId &&
  prefixOf(a) === prefixOf(b)

const prefixOf = ({ remoteIpPrefix }: Pick<AskedRule, 'remoteIpPrefix'>) => {
  const block = remoteIpPrefix ? parseCidr(remoteIpPrefix) : undefined
  return block && block.prefix > 0 ? `${block.first}/${block.prefix}` : ''
}
