// PUT /routers/:id, and adding or removing single routes without sending them all.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import { bodyOfUpdate, requireAttributes } from '../api/bodies.ts'
import { dressed, present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { type HostRoute, hostRoutes } from '../subnets/subnet.ts'
import { isSameRoute, routesFrom } from './extra-routes.ts'
import { setGateway } from './gateway.ts'
import { routerKind } from './kind.ts'
import { everyRouter, type GatewayAsked, gatewayAsked, type Router, router } from './router.ts'

const schema = bodyOf(router, {
  for: 'update',
  without: ['routes'],
  extra: {
    external_gateway_info: Type.Optional(gatewayAsked),
    routes: Type.Optional(Type.Union([hostRoutes, Type.Null()])),
  },
})
const routesOnly = Type.Object({ routes: hostRoutes }, { additionalProperties: false })

export async function updateRouter(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(router).get(params.id!)
  const item = bodyOfUpdate(routerKind, body, schema)
  const target = dressed(router, seen, call)
  call.require('network/update_router', target)
  requireAttributes(routerKind, call, 'update', item, target)
  const [shown] = await call.transaction(async (tx) => {
    let row = await tx.rows(router, everyRouter).get(params.id!)
    const { routes, ...patch } = fieldsFrom(router, item) as Partial<Router>
    row = await tx.rows(router, everyRouter).update(row, patch)
    if (item.external_gateway_info !== undefined)
      row = await setGateway(context, tx, row, item.external_gateway_info as GatewayAsked | null)
    if (routes !== undefined)
      row = await tx.rows(router, everyRouter).update(row, {
        routes: await routesFrom(tx, row, routes ?? [], context.config.maxRoutes),
      })
    return present(routerKind, context, tx, call, [row])
  })
  return ok({ router: shown })
}

const changeRoutes =
  (rule: string, change: (present: HostRoute[], asked: HostRoute[]) => HostRoute[]) =>
  async (context: NetworkContext, call: Call, { params, body }: Input) => {
    const seen = await call.rows(router).get(params.id!)
    call.require(rule, dressed(router, seen, call))
    const { routes } = bodyOfUpdate(routerKind, body, routesOnly) as unknown as { routes: HostRoute[] }
    const [shown] = await call.transaction(async (tx) => {
      const row = await tx.rows(router, everyRouter).get(params.id!)
      const wanted = await routesFrom(tx, row, change(row.routes, routes), context.config.maxRoutes)
      return present(routerKind, context, tx, call, [
        await tx.rows(router, everyRouter).update(row, { routes: wanted }),
      ])
    })
    return ok({ router: shown })
  }

/** Routes that are there already are no mistake. */
export const addExtraRoutes = changeRoutes('network/add_extraroutes', (present, asked) => [
  ...present,
  ...asked.filter((one) => !present.some((other) => isSameRoute(one, other))),
])

/** Routes that are not there are no mistake. */
export const removeExtraRoutes = changeRoutes('network/remove_extraroutes', (present, asked) =>
  present.filter((one) => !asked.some((other) => isSameRoute(one, other))),
)
