// Which operation answers which request about routers.
import { routes } from '../../../eden/service.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { createRouters } from './create.ts'
import { deleteRouter } from './delete.ts'
import { addInterface, removeInterface } from './interfaces.ts'
import { routerKind } from './kind.ts'
import { addExtraRoutes, removeExtraRoutes, updateRouter } from './update.ts'

const r = routes<NetworkContext>()
export const routerRoutes = [
  r('GET', '/v2.0/routers', list(routerKind), { rule: 'network/get_router' }),
  r('POST', '/v2.0/routers', createRouters, { body: 'any' }),
  r('GET', '/v2.0/routers/:id', show(routerKind)),
  r('PUT', '/v2.0/routers/:id', updateRouter, { body: 'any' }),
  r('DELETE', '/v2.0/routers/:id', deleteRouter),
  r('PUT', '/v2.0/routers/:id/add_router_interface', addInterface, { body: 'any' }),
  r('PUT', '/v2.0/routers/:id/remove_router_interface', removeInterface, { body: 'any' }),
  r('PUT', '/v2.0/routers/:id/add_extraroutes', addExtraRoutes, { body: 'any' }),
  r('PUT', '/v2.0/routers/:id/remove_extraroutes', removeExtraRoutes, { body: 'any' }),
]
