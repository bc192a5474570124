// Which operation answers which request about floating IPs.
import { routes } from '../../../eden/service.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { createFloatingIps } from './create.ts'
import { deleteFloatingIp } from './delete.ts'
import { floatingIpKind } from './kind.ts'
import { updateFloatingIp } from './update.ts'

const r = routes<NetworkContext>()
export const floatingIpRoutes = [
  r('GET', '/v2.0/floatingips', list(floatingIpKind), { rule: 'network/get_floatingip' }),
  r('POST', '/v2.0/floatingips', createFloatingIps, { body: 'any' }),
  r('GET', '/v2.0/floatingips/:id', show(floatingIpKind)),
  r('PUT', '/v2.0/floatingips/:id', updateFloatingIp, { body: 'any' }),
  r('DELETE', '/v2.0/floatingips/:id', deleteFloatingIp),
]
