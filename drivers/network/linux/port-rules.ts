// A port as nftables text: who it may claim to be (guard), what it may send (from) and what may reach it (to).
import type { WantedPort } from '../../../kernel/network/driver.ts'
import { canonicalAddress, linkLocalOf, parsePrefix, reducedPrefixes, versionOf } from './addresses.ts'
import { groupChain } from './group-rules.ts'
import type { NftChain, NftTable } from './nft-table.ts'

/** Bits of the packet mark through which the connection's state reaches the bridge family. */
export const establishedMark = '0x10000'
export const refusedMark = '0x20000'

const neighbourFromGuest = '{ 130, 131, 132, 133, 135, 136, 143 }'
const neighbourToGuest = '{ 130, 131, 132, 134, 135, 136, 143 }'

/** Chains that every port's chains begin with. */
export const preambles: Record<'from_any' | 'to_any', NftChain> = {
  from_any: {
    base: null,
    rules: [
      'ether type arp accept',
      `icmpv6 type ${neighbourFromGuest} accept`,
      'ether type ip udp sport 68 udp dport 67 accept',
      'ether type ip6 udp sport 546 udp dport 547 accept',
      `meta mark and ${refusedMark} == ${refusedMark} drop`,
      `meta mark and ${establishedMark} == ${establishedMark} accept`,
    ],
  },
  to_any: {
    base: null,
    rules: [
      'ether type arp accept',
      `icmpv6 type ${neighbourToGuest} accept`,
      'ether type ip udp sport 67 udp dport 68 accept',
      'ether type ip6 udp sport 547 udp dport 546 accept',
      `meta mark and ${refusedMark} == ${refusedMark} drop`,
      `meta mark and ${establishedMark} == ${establishedMark} accept`,
    ],
  },
}

/** Adds the chains of one port and hangs them on its interface. */
export function addPort(table: NftTable, port: WantedPort, interfaceName: string): void {
  if (port.adminUp && !port.portSecurity) return
  const hang = (map: string, chain: string, rules: string[]) => {
    const name = `${chain}_${interfaceName}`
    table.chains.set(name, { base: null, rules })
    table.sets.get(map)!.elements.set(`"${interfaceName}"`, `jump ${name}`)
  }
  if (!port.adminUp) {
    hang('port_guard', 'guard', ['drop'])
    hang('port_to', 'to', ['drop'])
    return
  }
  const jumps = (direction: 'ingress' | 'egress') =>
    [...new Set(port.securityGroups)].map((group) => `jump ${groupChain(group, direction)}`)
  const advertised = `advertised_${interfaceName}`
  const who = identities(port)
  table.chains.set(advertised, { base: null, rules: advertisedTargets(who) })
  hang('port_guard', 'guard', guardRules(who, advertised))
  hang('port_from', 'from', ['jump from_any', ...jumps('egress'), 'drop'])
  hang('port_to', 'to', ['jump to_any', ...jumps('ingress'), 'drop'])
}

interface Identity {
  mac: string
  v4: string[]
  v6: string[]
}

/** Every MAC the port may use, with the addresses that belong to it; IPv6 includes the MAC's link-local address. */
function identities(port: WantedPort): Identity[] {
  const own = port.mac.toLowerCase()
  const byMac = new Map<string, string[]>([[own, port.fixedIps.map((ip) => ip.address)]])
  for (const pair of port.allowedPairs) {
    const mac = (pair.mac ?? own).toLowerCase()
    byMac.set(mac, [...(byMac.get(mac) ?? []), pair.address])
  }
  return [...byMac].map(([mac, addresses]) => ({
    mac,
    v4: reducedPrefixes(addresses, 4),
    v6: reducedPrefixes([...addresses, linkLocalOf(mac)], 6),
  }))
}

/** True where frames from this port may carry MACs that nobody can write into the forwarding table beforehand. */
export const learnsMacs = (port: WantedPort): boolean =>
  !port.portSecurity ||
  port.allowedPairs.some(({ mac }) => mac !== undefined && mac.toLowerCase() !== port.mac.toLowerCase())

function guardRules(who: Identity[], advertised: string): string[] {
  const rules = [`ether saddr != { ${who.map(({ mac }) => mac).join(', ')} } drop`]
  for (const { mac, v4 } of who) {
    if (v4.length === 0) continue
    const senders = isAll(v4) ? '' : ` arp saddr ip { ${[...v4, '0.0.0.0'].join(', ')} }`
    rules.push(`ether saddr ${mac} ether type arp arp saddr ether ${mac}${senders} accept`)
  }
  rules.push(
    'ether type arp drop',
    'ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept',
    'ether type ip udp sport 67 udp dport 68 drop',
  )
  for (const { mac, v4 } of who) if (v4.length > 0) rules.push(`ether saddr ${mac} ${sourceMatch('ip', v4)} accept`)
  rules.push(
    'ether type ip drop',
    'ether type ip6 udp sport 547 udp dport 546 drop',
    'icmpv6 type { nd-router-advert, nd-redirect } drop',
    `icmpv6 type nd-neighbor-advert jump ${advertised}`,
    'ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, 131, 143 } accept',
  )
  for (const { mac, v6 } of who) rules.push(`ether saddr ${mac} ${sourceMatch('ip6', v6)} accept`)
  rules.push('drop')
  return rules
}

function sourceMatch(family: 'ip' | 'ip6', addresses: string[]): string {
  return isAll(addresses) ? `ether type ${family}` : `${family} saddr { ${addresses.join(', ')} }`
}

const isAll = (prefixes: string[]): boolean => prefixes.some((prefix) => prefix.endsWith('/0'))

/** A neighbour advertisement may only speak for the port's own addresses: its target stands 8 bytes into ICMPv6. */
function advertisedTargets(who: Identity[]): string[] {
  const rules = who.flatMap(({ mac, v6 }) =>
    v6.map((text) => {
      const { first, length } = parsePrefix(text)
      if (length === 0) return `ether saddr ${mac} return`
      const digits = (first >> BigInt(128 - length)).toString(16)
      return `ether saddr ${mac} @th,64,${length} 0x${digits} return`
    }),
  )
  return [...rules, 'drop']
}

/** The port's own addresses, in one spelling. */
export function addressesOf(port: WantedPort, version: 4 | 6): string[] {
  return port.fixedIps.map((ip) => canonicalAddress(ip.address)).filter((address) => versionOf(address) === version)
}
