// A security group as nftables text: one chain for each direction, which the ports' chains jump to.
import { protocolNumbers, protocolsWithPorts } from '../../../eden/ip-protocols.ts'
import type { WantedRule, WantedSecurityGroup } from '../../../kernel/network/driver.ts'
import { formatPrefix, parsePrefix, reducedPrefixes } from './addresses.ts'
import { nftKey } from './names.ts'
import type { NftTable } from './nft-table.ts'
import { nftSet } from './nft-table.ts'

/** The number of a rule's protocol, null for any. `icmp` in an IPv6 rule means ICMPv6. Throws on unknown names. */
export function protocolNumber(rule: Pick<WantedRule, 'protocol' | 'ethertype'>): number | null {
  if (rule.protocol === null || rule.protocol === 'any') return null
  const number = /^\d{1,3}$/.test(rule.protocol) ? Number(rule.protocol) : protocolNumbers[rule.protocol.toLowerCase()]
  if (number === undefined || number > 255)
    throw new Error(`Security group rule: protocol "${rule.protocol}" is not known.`)
  return number === 1 && rule.ethertype === 'IPv6' ? 58 : number
}

export const hasPorts = (protocol: number | null): boolean => protocol !== null && protocolsWithPorts.has(protocol)

/** Adds the chains of one group and the sets of its members to the bridge table. */
export function addGroup(table: NftTable, group: WantedSecurityGroup, groups: Map<string, WantedSecurityGroup>): void {
  for (const direction of ['ingress', 'egress'] as const) {
    const rules = group.rules.filter((rule) => rule.direction === direction).map((rule) => renderRule(rule, groups))
    table.chains.set(groupChain(group.id, direction), { base: null, rules: [...new Set(rules)] })
  }
  for (const version of [4, 6] as const) {
    const members = reducedPrefixes(group.members, version)
    const spec = `type ipv${version}_addr${hasRanges(group) ? ' ; flags interval' : ''}`
    const elements = members.map((member): [string, string] => [member, ''])
    table.sets.set(memberSet(group, version), nftSet('set', spec, elements))
  }
}

export const groupChain = (id: string, direction: WantedRule['direction']): string =>
  `${direction === 'ingress' ? 'in' : 'out'}_${nftKey(id)}`

/** Sets with ranges are another kind of set to the kernel, hence another name. */
function memberSet(group: WantedSecurityGroup, version: 4 | 6): string {
  return `${hasRanges(group) ? 'ranges' : 'members'}${version}_${nftKey(group.id)}`
}

const hasRanges = (group: WantedSecurityGroup): boolean => group.members.some((member) => member.includes('/'))

/** One rule as an nftables statement that accepts what the rule allows. */
export function renderRule(rule: WantedRule, groups: Map<string, WantedSecurityGroup>): string {
  const version = rule.ethertype === 'IPv4' ? 4 : 6
  const family = version === 4 ? 'ip' : 'ip6'
  const side = rule.direction === 'ingress' ? 'saddr' : 'daddr'
  const parts = [`ether type ${family}`]
  if (rule.remoteGroupId !== null) {
    const remote = groups.get(rule.remoteGroupId)
    if (!remote) throw new Error(`Security group rule: remote group ${rule.remoteGroupId} is not among those given.`)
    parts.push(`${family} ${side} @${memberSet(remote, version)}`)
  } else if (rule.remoteCidr !== null) {
    const prefix = parsePrefix(rule.remoteCidr)
    if (prefix.version !== version)
      throw new Error(`Security group rule: ${rule.remoteCidr} is not of the rule's family ${rule.ethertype}.`)
    if (prefix.length > 0) parts.push(`${family} ${side} ${formatPrefix(prefix)}`)
  }
  parts.push(...protocolMatch(rule), 'accept')
  return parts.join(' ')
}

function protocolMatch(rule: WantedRule): string[] {
  const protocol = protocolNumber(rule)
  if (protocol === null) return []
  const { portMin, portMax } = rule
  if (hasPorts(protocol)) {
    const first = portMin ?? portMax
    const last = portMax ?? portMin
    if (first === null || last === null) return [`meta l4proto ${protocol}`]
    return [`meta l4proto ${protocol} th dport ${first === last ? first : `${first}-${last}`}`]
  }
  if (protocol === 1 || protocol === 58) {
    const name = protocol === 1 ? 'icmp' : 'icmpv6'
    if (portMin === null) return [`meta l4proto ${protocol}`]
    return [`${name} type ${portMin}`, ...(portMax === null ? [] : [`${name} code ${portMax}`])]
  }
  return [`meta l4proto ${protocol}`]
}
