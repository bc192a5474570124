// What a router's namespace translates: floating addresses, the shared way out, and requests for metadata.
import type { WantedRouter } from '../../../kernel/network/driver.ts'
import { versionOf } from './addresses.ts'
import { metadataAddress } from './host-tables.ts'
import type { Names } from './names.ts'
import { nftKey } from './names.ts'
import type { NftTable } from './nft-table.ts'
import { emptyTable, nftSet } from './nft-table.ts'

/** Where a router's namespace takes requests for metadata. */
export const routerMetadataPort = 9697

/** The router's translations and, where it is switched off, its silence. */
export function routerTable(router: WantedRouter, names: Names): NftTable {
  const table = emptyTable('inet', names.table)
  const pairs = router.floatingIps
  const toFixed = pairs.map((ip): [string, string] => [ip.address, ip.fixedAddress])
  const toFloating = pairs.map((ip): [string, string] => [ip.fixedAddress, ip.address])
  table.sets.set('fixed_of', nftSet('map', 'type ipv4_addr : ipv4_addr', toFixed))
  table.sets.set('floating_of', nftSet('map', 'type ipv4_addr : ipv4_addr', toFloating))
  table.chains.set('arriving', {
    base: 'type nat hook prerouting priority dstnat',
    rules: [
      `iifname "in*" ip daddr ${metadataAddress} tcp dport 80 redirect to :${routerMetadataPort}`,
      'dnat ip to ip daddr map @fixed_of',
    ],
  })
  table.chains.set('leaving', { base: 'type nat hook postrouting priority srcnat', rules: leavingRules(router) })
  table.chains.set('forward', {
    base: 'type filter hook forward priority filter',
    rules: router.adminUp ? [] : ['drop'],
  })
  table.chains.set('to_router', {
    base: 'type filter hook input priority filter',
    rules: [`iifname "gw*" tcp dport ${routerMetadataPort} drop`],
  })
  // Empty chains that bear the ids, so that observing finds them on the host.
  for (const ip of pairs) table.chains.set(`${floatingMark}${nftKey(ip.id)}`, { base: null, rules: [] })
  return table
}

export const floatingMark = 'floating_'

function leavingRules(router: WantedRouter): string[] {
  if (!router.gateway) return []
  const shared = router.gateway.cidrs.find((cidr) => versionOf(cidr) === 4)?.split('/')[0]
  const rules = ['iifname "in*" oifname "gw*" snat ip to ip saddr map @floating_of']
  if (shared && router.gateway.snat) rules.push(`iifname "in*" oifname "gw*" snat ip to ${shared}`)
  // A guest that calls a floating address of its own router must get the answer back through the router.
  rules.push('iifname "in*" oifname "in*" ct status dnat snat ip to ip saddr map @floating_of')
  if (shared) rules.push(`iifname "in*" oifname "in*" ct status dnat snat ip to ${shared}`)
  return rules
}
