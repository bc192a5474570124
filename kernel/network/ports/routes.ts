// Which operation answers which request about ports.
import { routes } from '../../../eden/service.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { createPorts } from './create.ts'
import { deletePort } from './delete.ts'
import { portKind } from './kind.ts'
import { updatePort } from './update.ts'

const r = routes<NetworkContext>()
export const portRoutes = [
  r('GET', '/v2.0/ports', list(portKind), { rule: 'network/get_port' }),
  r('POST', '/v2.0/ports', createPorts, { body: 'any' }),
  r('GET', '/v2.0/ports/:id', show(portKind)),
  r('PUT', '/v2.0/ports/:id', updatePort, { body: 'any' }),
  r('DELETE', '/v2.0/ports/:id', deletePort),
]
