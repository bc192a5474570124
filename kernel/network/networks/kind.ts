// Networks as the API shows them: with their subnets, and whether the caller shares them.
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import { changedSince, flagsOf, noneOfThem, tagFilters } from '../api/filters.ts'
import type { Kind } from '../api/kind.ts'
import { sharedObjects } from '../rbac/grants.ts'
import { grantedTo } from '../rbac/visible.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { type Network, network } from './network.ts'

const isShared = (eb: WhereBuilder, call: Parameters<typeof grantedTo>[1]) =>
  grantedTo(eb, call, 'network_networks.id', ['access_as_shared'])

export const networkKind: Kind<(typeof network)['fields']> = {
  resource: network,
  one: 'network',
  many: 'networks',
  path: 'networks',
  filters: {
    shared: (values, call) => (eb) => {
      const [wanted] = flagsOf('shared', values)
      return wanted ? isShared(eb, call) : noneOfThem(eb, isShared(eb, call))
    },
    subnets: (values) => (eb) =>
      eb(
        'network_networks.id',
        'in',
        eb.selectFrom('network_subnets').select('network_subnets.network_id').where('network_subnets.id', 'in', values),
      ) as unknown as Condition,
    is_default: (values) => (eb) => eb(eb.val(parseFlag(values[0]!) ? 1 : 0), '=', 0) as Condition,
    ...tagFilters('network_networks'),
    ...changedSince('network_networks'),
  },
  async more(context, reads, call, rows) {
    const ids = (rows as Network[]).map(({ id }) => id)
    const subnets = await reads
      .rows(subnet, everySubnet)
      .list({ where: { networkId: ids }, sort: [{ field: 'createdAt' }] })
    const shared = await sharedObjects(reads, call, ids)
    return ids.map((id) => ({
      subnets: subnets.filter(({ networkId }) => networkId === id).map((one) => one.id),
      shared: shared.has(id),
      availability_zones: [context.config.availabilityZone],
    }))
  },
}
