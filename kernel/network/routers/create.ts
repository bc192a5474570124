// POST /routers: one or many, all or none.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { bodiesOf, ownerOf, requireAttributes } from '../api/bodies.ts'
import { present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { hostForRouter } from '../plane/router-hosts.ts'
import { claimQuota } from '../quotas/check.ts'
import { routesFrom } from './extra-routes.ts'
import { setGateway } from './gateway.ts'
import { routerKind } from './kind.ts'
import { everyRouter, type GatewayAsked, gatewayAsked, type Router, router } from './router.ts'

const schema = bodyOf(router, {
  for: 'create',
  extra: {
    external_gateway_info: Type.Optional(gatewayAsked),
    project_id: Type.Optional(Type.String({ maxLength: 64 })),
  },
})

export async function createRouters(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(routerKind, body, schema)
  const wanted = items.map((item) => {
    const projectId = ownerOf(call, item, 'network/create_router')
    requireAttributes(routerKind, call, 'create', item, { ...item, project_id: projectId })
    return { item, projectId }
  })
  const shown = await call.transaction(async (tx) => {
    const rows: Router[] = []
    for (const { item, projectId } of wanted) {
      const given = fieldsFrom(router, item) as Partial<Router>
      const gateway = (item.external_gateway_info as GatewayAsked | null | undefined) ?? null
      rows.push(await makeRouter(context, tx, given, projectId, gateway))
    }
    return present(routerKind, context, tx, call, rows)
  })
  return created(isBulk ? { routers: shown } : { router: shown[0] })
}

export async function makeRouter(
  context: NetworkContext,
  tx: Transaction,
  { routes = [], ...given }: Partial<Router>,
  projectId: string,
  gateway: GatewayAsked | null,
): Promise<Router> {
  await claimQuota(context, tx, projectId, { router: 1 })
  const bare = await tx.rows(router, everyRouter).insert({
    ...given,
    id: tx.store.ids.uuid(),
    projectId,
    host: await hostForRouter(context, tx),
  })
  const row = await setGateway(context, tx, bare, gateway)
  if (routes.length === 0) return row
  return tx
    .rows(router, everyRouter)
    .update(row, { routes: await routesFrom(tx, row, routes, context.config.maxRoutes) })
}
