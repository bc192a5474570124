// RBAC policies: sharing a network, security group or subnet pool with one project or with all.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input, noContent, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { routes } from '../../../eden/service.ts'
import { bodiesOf, bodyOfUpdate, requireAttributes } from '../api/bodies.ts'
import { dressed, type Kind, present } from '../api/kind.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { invalidInput, refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { securityGroup } from '../security-groups/group.ts'
import { subnetPool } from '../subnet-pools/subnet-pool.ts'
import { requireUnused } from './grants.ts'
import { everyPolicy, type RbacPolicy, rbacPolicy } from './policy.ts'

export const policyKind: Kind<(typeof rbacPolicy)['fields']> = {
  resource: rbacPolicy,
  one: 'rbac_policy',
  many: 'rbac_policies',
  path: 'rbac-policies',
}

type Owned = Resource<{ id: never; projectId: never }>
const objects = { network, security_group: securityGroup, subnetpool: subnetPool } as unknown as Record<
  RbacPolicy['objectType'],
  Owned
>
const schema = bodyOf(rbacPolicy, {
  for: 'create',
  required: ['objectType', 'objectId', 'action', 'target'],
  extra: { project_id: Type.Optional(Type.String({ maxLength: 64 })) },
})
const updateSchema = bodyOf(rbacPolicy, { for: 'update' })

async function create(context: NetworkContext, call: Call, { body }: Input) {
  const [item] = bodiesOf(policyKind, body, schema).items
  const given = fieldsFrom(rbacPolicy, item!) as RbacPolicy
  if (given.action === 'access_as_external' && given.objectType !== 'network')
    throw invalidInput(`Invalid action '${given.action}' for object type '${given.objectType}'`)
  const object = (await call.rows(objects[given.objectType]).get(given.objectId)) as unknown as { projectId: string }
  const target = { ...item, project_id: object.projectId, tenant_id: object.projectId }
  call.require('network/create_rbac_policy', target)
  requireAttributes(policyKind, call, 'create', item!, target)
  const [shown] = await call.transaction(async (tx) => {
    const rows = tx.rows(rbacPolicy, everyPolicy)
    const { objectId, action } = given
    if (await rows.first({ objectId, action, target: given.target }))
      throw refusal(409, 'DuplicateRbacPolicy', 'An RBAC policy already exists with those values.')
    await claimQuota(context, tx, object.projectId, { rbac_policy: 1 })
    const row = await rows.insert({ ...given, id: tx.store.ids.uuid(), projectId: object.projectId })
    if (action === 'access_as_external') await tx.rows(network, everyNetwork).change(objectId, { isExternal: true })
    return present(policyKind, context, tx, call, [row])
  })
  return created({ rbac_policy: shown })
}

async function update(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(rbacPolicy).get(params.id!)
  const item = bodyOfUpdate(policyKind, body, updateSchema)
  call.require('network/update_rbac_policy', dressed(rbacPolicy, seen, call))
  requireAttributes(policyKind, call, 'update', item, { ...dressed(rbacPolicy, seen, call), ...item })
  const [shown] = await call.transaction(async (tx) => {
    const rows = tx.rows(rbacPolicy, everyPolicy)
    const row = await rows.get(seen.id)
    const target = String(item.target_tenant ?? row.target)
    if (target !== row.target) await letGo(tx, row)
    if (target !== row.target && (await rows.first({ objectId: row.objectId, action: row.action, target })))
      throw refusal(409, 'DuplicateRbacPolicy', 'An RBAC policy already exists with those values.')
    return present(policyKind, context, tx, call, [await rows.update(row, { target })])
  })
  return ok({ rbac_policy: shown })
}

async function remove(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(rbacPolicy).get(params.id!)
  call.require('network/delete_rbac_policy', dressed(rbacPolicy, seen, call))
  await call.transaction(async (tx) => {
    const row = await tx.rows(rbacPolicy, everyPolicy).get(seen.id)
    await letGo(tx, row)
    await tx.rows(rbacPolicy, everyPolicy).remove(row)
    if (row.action !== 'access_as_external') return
    const others = await tx
      .rows(rbacPolicy, everyPolicy)
      .count({ objectId: row.objectId, action: 'access_as_external' })
    if (others === 0) await tx.rows(network, everyNetwork).change(row.objectId, { isExternal: false })
  })
  return noContent()
}

/** @throws 409 where those who would be shut out have ports. */
async function letGo(tx: Parameters<typeof requireUnused>[0], row: RbacPolicy) {
  if (row.objectType !== 'network' || row.action !== 'access_as_shared') return
  const object = await tx.rows(network, everyNetwork).get(row.objectId)
  await requireUnused(tx, object, row.target).catch((error: unknown) => {
    throw refusal(
      409,
      'RbacPolicyInUse',
      `RBAC policy on object ${row.objectId} cannot be removed because other objects depend on it. ${(error as Error).message}`,
    )
  })
}

const r = routes<NetworkContext>()
export const rbacRoutes = [
  r('GET', '/v2.0/rbac-policies', list(policyKind), { rule: 'network/get_rbac_policy' }),
  r('POST', '/v2.0/rbac-policies', create, { body: 'any' }),
  r('GET', '/v2.0/rbac-policies/:id', show(policyKind)),
  r('PUT', '/v2.0/rbac-policies/:id', update, { body: 'any' }),
  r('DELETE', '/v2.0/rbac-policies/:id', remove),
]
