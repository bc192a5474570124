// Routers as the API shows them: with their gateway and its addresses.
import { changedSince, tagFilters } from '../api/filters.ts'
import type { Kind } from '../api/kind.ts'
import { everyPort, port } from '../ports/port.ts'
import { type Router, router } from './router.ts'

export const routerKind: Kind<(typeof router)['fields']> = {
  resource: router,
  one: 'router',
  many: 'routers',
  path: 'routers',
  filters: { ...tagFilters('network_routers'), ...changedSince('network_routers') },
  async more(context, reads, _call, rows) {
    const routers = rows as Router[]
    const ids = routers.flatMap(({ gatewayPortId }) => gatewayPortId ?? [])
    const gateways = ids.length > 0 ? await reads.rows(port, everyPort).list({ where: { id: ids } }) : []
    return routers.map((row) => {
      const gateway = gateways.find(({ id }) => id === row.gatewayPortId)
      return {
        external_gateway_info: gateway
          ? { network_id: gateway.networkId, enable_snat: row.enableSnat, external_fixed_ips: gateway.fixedIps }
          : null,
        availability_zones: [context.config.availabilityZone],
      }
    })
  },
}
