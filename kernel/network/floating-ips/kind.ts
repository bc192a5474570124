// Floating IPs as the API shows them: with the port that they point at.
import { changedSince, tagFilters } from '../api/filters.ts'
import type { Kind } from '../api/kind.ts'
import { everyPort, port } from '../ports/port.ts'
import { type FloatingIp, floatingIp } from './floating-ip.ts'

export const floatingIpKind: Kind<(typeof floatingIp)['fields']> = {
  resource: floatingIp,
  one: 'floatingip',
  many: 'floatingips',
  path: 'floatingips',
  filters: { ...tagFilters('network_floatingips'), ...changedSince('network_floatingips') },
  async more(_context, reads, _call, rows) {
    const ids = (rows as FloatingIp[]).flatMap(({ portId }) => portId ?? [])
    const ports = ids.length > 0 ? await reads.rows(port, everyPort).list({ where: { id: ids } }) : []
    return (rows as FloatingIp[]).map(({ portId }) => {
      const target = ports.find(({ id }) => id === portId)
      return {
        port_details: target
          ? {
              name: target.name,
              network_id: target.networkId,
              mac_address: target.macAddress,
              admin_state_up: target.adminStateUp,
              status: target.status,
              device_id: target.deviceId,
              device_owner: target.deviceOwner,
            }
          : null,
      }
    })
  },
}
