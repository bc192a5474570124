// Security groups: made, changed and removed. Every project has one called default.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input, noContent, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import { bodiesOf, bodyOfUpdate, ownerOf } from '../api/bodies.ts'
import { listHas } from '../api/filters.ts'
import { dressed, present } from '../api/kind.ts'
import { list } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { everyPort, port } from '../ports/port.ts'
import { invalidInput, refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { everyPolicy, rbacPolicy } from '../rbac/policy.ts'
import { addOutgoing, defaultName, ensureDefaultGroup } from './default-group.ts'
import { everyGroup, type SecurityGroup, securityGroup, securityGroupRule } from './group.ts'
import { groupKind } from './kind.ts'

const stateful = Type.Optional(Type.Boolean())
const createSchema = bodyOf(securityGroup, {
  for: 'create',
  extra: { stateful, project_id: Type.Optional(Type.String({ maxLength: 64 })) },
})
const updateSchema = bodyOf(securityGroup, { for: 'update', extra: { stateful } })

const requireStateful = (item: Record<string, unknown>) => {
  if (item.stateful === false) throw invalidInput('stateless security groups are not available here')
}

export async function listGroups(context: NetworkContext, call: Call, input: Input) {
  const { projectId } = call.credentials
  if (projectId && !call.dryRun && !(await call.rows(securityGroup).first({ projectId, name: defaultName })))
    await call.ground.store.transaction(call, (tx) => ensureDefaultGroup(context, tx, projectId))
  return list(groupKind)(context, call, input)
}

export async function createGroups(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(groupKind, body, createSchema)
  const wanted = items.map((item) => {
    requireStateful(item)
    return { item, projectId: ownerOf(call, item, 'network/create_security_group') }
  })
  const shown = await call.transaction(async (tx) => {
    const rows: SecurityGroup[] = []
    for (const { item, projectId } of wanted) {
      await ensureDefaultGroup(context, tx, projectId)
      if (String(item.name ?? '').toLowerCase() === defaultName)
        throw refusal(409, 'SecurityGroupDefaultAlreadyExists', 'Default security group already exists.')
      await claimQuota(context, tx, projectId, { security_group: 1, security_group_rule: 2 })
      const given = fieldsFrom(securityGroup, item)
      const row = await tx.rows(securityGroup, everyGroup).insert({ ...given, id: tx.store.ids.uuid(), projectId })
      await addOutgoing(tx, row)
      rows.push(row)
    }
    return present(groupKind, context, tx, call, rows)
  })
  return created(isBulk ? { security_groups: shown } : { security_group: shown[0] })
}

export async function updateGroup(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(securityGroup).get(params.id!)
  const item = bodyOfUpdate(groupKind, body, updateSchema)
  requireStateful(item)
  call.require('network/update_security_group', dressed(securityGroup, seen, call))
  const [shown] = await call.transaction(async (tx) => {
    const row = await tx.rows(securityGroup, everyGroup).get(params.id!)
    const isRenamed = item.name !== undefined && item.name !== row.name
    if (isRenamed && row.name === defaultName)
      throw refusal(409, 'SecurityGroupCannotUpdateDefault', 'Updating default security group not allowed.')
    if (isRenamed && String(item.name).toLowerCase() === defaultName)
      throw refusal(409, 'SecurityGroupDefaultAlreadyExists', 'Default security group already exists.')
    const after = await tx
      .rows(securityGroup, everyGroup)
      .update(row, fieldsFrom(securityGroup, item) as Partial<SecurityGroup>)
    return present(groupKind, context, tx, call, [after])
  })
  return ok({ security_group: shown })
}

export async function deleteGroup(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(securityGroup).get(params.id!)
  call.require('network/delete_security_group', dressed(securityGroup, seen, call))
  await call.transaction(async (tx) => {
    const row = await tx.rows(securityGroup, everyGroup).get(seen.id)
    if (row.name === defaultName && call.sees !== 'all')
      throw refusal(409, 'SecurityGroupCannotRemoveDefault', 'Insufficient rights for removing default security group.')
    const users = await tx.rows(port, everyPort).count({}, () => listHas('network_ports.security_groups', row.id))
    if (users > 0) throw refusal(409, 'SecurityGroupInUse', `Security Group ${row.id} in use.`)
    const rules = tx.rows(securityGroupRule, everyGroup)
    await rules.removeAll({ securityGroupId: row.id })
    await rules.removeAll({ remoteGroupId: row.id })
    await tx.rows(rbacPolicy, everyPolicy).removeAll({ objectId: row.id })
    await tx.rows(securityGroup, everyGroup).remove(row)
  })
  return noContent()
}
