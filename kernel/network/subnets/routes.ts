// Which operation answers which request about subnets.
import { routes } from '../../../eden/service.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { createSubnets } from './create.ts'
import { deleteSubnet } from './delete.ts'
import { subnetKind } from './kind.ts'
import { updateSubnet } from './update.ts'

const r = routes<NetworkContext>()
export const subnetRoutes = [
  r('GET', '/v2.0/subnets', list(subnetKind), { rule: 'network/get_subnet' }),
  r('POST', '/v2.0/subnets', createSubnets, { body: 'any' }),
  r('GET', '/v2.0/subnets/:id', show(subnetKind)),
  r('PUT', '/v2.0/subnets/:id', updateSubnet, { body: 'any' }),
  r('DELETE', '/v2.0/subnets/:id', deleteSubnet),
]
