// Limits of projects: those in force, with what is used, and those that an administrator set.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { forbidden } from '../../../eden/errors.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { clearLimits, defaultClass, limitsOf, quotaLimit, setLimits } from '../../../eden/quota/quota.ts'
import { routes } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { not } from '../../../eden/store/where.ts'
import { bodyOfUpdate } from '../api/bodies.ts'
import { defaultLimits } from '../config.ts'
import type { NetworkContext } from '../context.ts'
import { quotaNames, usedOf } from './check.ts'

const beyond = everyone('limits are looked up for the project in the address')
const limitSchema = Type.Object(
  {
    ...Object.fromEntries(
      quotaNames.map((name) => [name, Type.Optional(Type.Integer({ minimum: -1, maximum: 2147483647 }))]),
    ),
    project_id: Type.Optional(Type.String()),
    force: Type.Optional(Type.Boolean()),
    check_limit: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

const inForce = (context: NetworkContext, call: Call, projectId: string) =>
  limitsOf(call.ground.store.reads(call), 'network', projectId, defaultLimits(context.config))

const mayRead = (call: Call, projectId: string) =>
  call.require('network/get_quota', { project_id: projectId, tenant_id: projectId })

async function show(context: NetworkContext, call: Call, { params }: Input) {
  mayRead(call, params.project!)
  return ok({ quota: await inForce(context, call, params.project!) })
}

async function showDefault(context: NetworkContext, call: Call, { params }: Input) {
  mayRead(call, params.project!)
  return ok({ quota: await inForce(context, call, defaultClass) })
}

async function details(context: NetworkContext, call: Call, { params }: Input) {
  const projectId = params.project!
  mayRead(call, projectId)
  const limits = await inForce(context, call, projectId)
  const quota: Record<string, unknown> = {}
  for (const name of quotaNames)
    quota[name] = { limit: limits[name], used: await usedOf(call, projectId, name), reserved: 0 }
  return ok({ quota })
}

async function listSet(context: NetworkContext, call: Call) {
  call.require('network/update_quota')
  const rows = await call.rows(quotaLimit, beyond).list({ where: { service: 'network', projectId: not(defaultClass) } })
  const projects = [...new Set(rows.map(({ projectId }) => projectId))]
  const quotas = await Promise.all(
    projects.map(async (projectId) => ({
      ...(await inForce(context, call, projectId)),
      project_id: projectId,
      tenant_id: projectId,
    })),
  )
  return ok({ quotas })
}

async function update(context: NetworkContext, call: Call, { params, body }: Input) {
  const projectId = params.project!
  call.require('network/update_quota')
  const { project_id, force, check_limit, ...limits } = bodyOfUpdate({ one: 'quota' } as never, body, limitSchema)
  if (project_id !== undefined && project_id !== projectId)
    throw forbidden('The project of limits is the one in the address.')
  void force
  void check_limit
  const quota = await call.transaction(async (tx) => {
    await setLimits(tx, 'network', projectId, limits as Record<string, number>)
    return limitsOf(tx, 'network', projectId, defaultLimits(context.config))
  })
  return ok({ quota })
}

async function reset(_: NetworkContext, call: Call, { params }: Input) {
  call.require('network/delete_quota')
  await call.transaction((tx) => clearLimits(tx, 'network', params.project!))
  return noContent()
}

async function ownProject(_: NetworkContext, call: Call) {
  return ok({ tenant: { tenant_id: call.projectId, project_id: call.projectId } })
}

const r = routes<NetworkContext>()
export const quotaRoutes = [
  r('GET', '/v2.0/quotas', listSet),
  r('GET', '/v2.0/quotas/tenant', ownProject),
  r('GET', '/v2.0/quotas/project', ownProject),
  r('GET', '/v2.0/quotas/:project', show),
  r('GET', '/v2.0/quotas/:project/default', showDefault),
  r('GET', '/v2.0/quotas/:project/details.json', details),
  r('GET', '/v2.0/quotas/:project/details', details),
  r('PUT', '/v2.0/quotas/:project', update, { body: 'any' }),
  r('DELETE', '/v2.0/quotas/:project', reset),
]
