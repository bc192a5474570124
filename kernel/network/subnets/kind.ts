// Subnets as the API shows them.
import type { Condition } from '../../../eden/store/where.ts'
import { changedSince, flagsOf, noneOfThem, tagFilters } from '../api/filters.ts'
import type { Kind } from '../api/kind.ts'
import { sharedObjects } from '../rbac/grants.ts'
import { grantedTo } from '../rbac/visible.ts'
import { type Subnet, subnet } from './subnet.ts'

export const subnetKind: Kind<(typeof subnet)['fields']> = {
  resource: subnet,
  one: 'subnet',
  many: 'subnets',
  path: 'subnets',
  filters: {
    shared: (values, call) => (eb) => {
      const isShared = grantedTo(eb, call, 'network_subnets.network_id', ['access_as_shared'])
      return flagsOf('shared', values)[0] ? isShared : noneOfThem(eb, isShared)
    },
    'router:external': (values) => (eb) =>
      eb(
        'network_subnets.network_id',
        'in',
        eb
          .selectFrom('network_networks')
          .select('network_networks.id')
          .where('network_networks.is_external', '=', flagsOf('router:external', values)[0] ? 1 : 0),
      ) as unknown as Condition,
    ...tagFilters('network_subnets'),
    ...changedSince('network_subnets'),
  },
  async more(_, reads, call, rows) {
    const shared = await sharedObjects(reads, call, [...new Set((rows as Subnet[]).map(({ networkId }) => networkId))])
    return (rows as Subnet[]).map(({ networkId }) => ({
      shared: shared.has(networkId),
      service_types: [],
    }))
  },
}
