// Extra routes of a router: sound ones only, whose next hop is a neighbour of one of its legs.
import type { Transaction } from '../../../eden/store/store.ts'
import { contains, formatCidr, parseAddress, parseCidr } from '../addresses/ip.ts'
import { everyPort, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { everySubnet, type HostRoute, subnet } from '../subnets/subnet.ts'
import { legsOf } from './legs.ts'
import type { Router } from './router.ts'

/** @throws 400 `InvalidRoutes` or `RoutesExhausted`. */
export async function routesFrom(tx: Transaction, row: Router, asked: HostRoute[], max: number): Promise<HostRoute[]> {
  if (asked.length > max)
    throw refusal(
      400,
      'RoutesExhausted',
      `Unable to complete operation for ${row.id}. The number of routes exceeds the maximum ${max}.`,
    )
  if (asked.length === 0) return []
  const legs = await legsOf(tx, row.id)
  const gateway = row.gatewayPortId ? await tx.rows(port, everyPort).find(row.gatewayPortId) : undefined
  const outside = gateway ? await tx.rows(subnet, everySubnet).list({ where: { networkId: gateway.networkId } }) : []
  const blocks = [...legs.map((leg) => leg.subnet.cidr), ...outside.map(({ cidr }) => cidr)].map(
    (text) => parseCidr(text)!,
  )
  const own = new Set([
    ...legs.map(({ address }) => address),
    ...(gateway?.fixedIps ?? []).map((one) => one.ip_address),
  ])
  const seen = new Set<string>()
  return asked.map(({ destination, nexthop }) => {
    const invalid = (why: string) =>
      refusal(400, 'InvalidRoutes', `Invalid format for routes: ${JSON.stringify(asked)}, ${why}`)
    const block = parseCidr(destination)
    const hop = parseAddress(nexthop)
    if (!block || !hop || block.version !== hop.version) throw invalid(`'${destination}' via '${nexthop}' is no route`)
    if (own.has(nexthop)) throw invalid('the nexthop is used by router')
    if (!blocks.some((one) => contains(one, hop))) throw invalid('the nexthop is not connected with router')
    const route = { destination: formatCidr(block), nexthop }
    const key = JSON.stringify(route)
    if (seen.has(key)) throw refusal(400, 'HTTPBadRequest', 'Invalid input for routes. Reason: Duplicate hostroute.')
    seen.add(key)
    return route
  })
}

export const isSameRoute = (a: HostRoute, b: HostRoute) => a.destination === b.destination && a.nexthop === b.nexthop
