// Which operation answers which request about networks.
import { routes } from '../../../eden/service.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { createNetworks } from './create.ts'
import { deleteNetwork } from './delete.ts'
import { networkKind } from './kind.ts'
import { updateNetwork } from './update.ts'

const r = routes<NetworkContext>()
export const networkRoutes = [
  r('GET', '/v2.0/networks', list(networkKind), { rule: 'network/get_network' }),
  r('POST', '/v2.0/networks', createNetworks, { body: 'any' }),
  r('GET', '/v2.0/networks/:id', show(networkKind)),
  r('PUT', '/v2.0/networks/:id', updateNetwork, { body: 'any' }),
  r('DELETE', '/v2.0/networks/:id', deleteNetwork),
]
