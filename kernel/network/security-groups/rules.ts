// Rules of security groups: made and removed; they are never changed.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input, noContent } from '../../../eden/http/request.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { bodiesOf, type Wire } from '../api/bodies.ts'
import { dressed, present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { everyGroup, type SecurityGroup, type SecurityGroupRule, securityGroup, securityGroupRule } from './group.ts'
import { ruleKind } from './kind.ts'
import { type AskedRule, checkRule, familyFrom, isSameRule, protocolFrom } from './rule-checks.ts'

const orNull = (schema: ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>) =>
  Type.Optional(Type.Union([schema, Type.Null()]))
const schema = Type.Object(
  {
    security_group_id: Type.String({ maxLength: 64 }),
    direction: Type.Unsafe({ type: 'string', enum: ['ingress', 'egress'] }),
    ethertype: orNull(Type.String()),
    protocol: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()])),
    port_range_min: orNull(Type.Integer()),
    port_range_max: orNull(Type.Integer()),
    remote_ip_prefix: orNull(Type.String({ maxLength: 64 })),
    remote_group_id: orNull(Type.String({ maxLength: 64 })),
    remote_address_group_id: Type.Optional(Type.Null()),
    description: orNull(Type.String({ maxLength: 255 })),
    project_id: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
)

const ruleFrom = (item: Wire): AskedRule => ({
  direction: item.direction as AskedRule['direction'],
  ethertype: familyFrom((item.ethertype as string | null | undefined) ?? 'IPv4'),
  protocol: protocolFrom(item.protocol),
  portRangeMin: (item.port_range_min as number | null | undefined) ?? null,
  portRangeMax: (item.port_range_max as number | null | undefined) ?? null,
  remoteIpPrefix: (item.remote_ip_prefix as string | null | undefined) ?? null,
  remoteGroupId: (item.remote_group_id as string | null | undefined) ?? null,
  description: (item.description as string | null | undefined) ?? '',
})

export async function createRules(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(ruleKind, body, schema)
  const wanted: { rule: AskedRule; group: SecurityGroup }[] = []
  for (const item of items) {
    const group = await call.rows(securityGroup).get(String(item.security_group_id))
    call.require('network/create_security_group_rule', {
      ...item,
      project_id: group.projectId,
      tenant_id: group.projectId,
    })
    const rule = ruleFrom(item)
    checkRule(rule)
    if (rule.remoteGroupId) await call.rows(securityGroup).get(rule.remoteGroupId)
    wanted.push({ rule, group })
  }
  const shown = await call.transaction(async (tx) => {
    const rows: SecurityGroupRule[] = []
    for (const { rule, group } of wanted) rows.push(await insertRule(context, tx, rule, group.id))
    return present(ruleKind, context, tx, call, rows)
  })
  return created(isBulk ? { security_group_rules: shown } : { security_group_rule: shown[0] })
}

async function insertRule(context: NetworkContext, tx: Transaction, rule: AskedRule, groupId: string) {
  const group = await tx.rows(securityGroup, everyGroup).get(groupId)
  await claimQuota(context, tx, group.projectId, { security_group_rule: 1 })
  const rows = tx.rows(securityGroupRule, everyGroup)
  const twin = (await rows.list({ where: { securityGroupId: groupId } })).find((one) => isSameRule(one, rule))
  if (twin) throw refusal(409, 'SecurityGroupRuleExists', `Security group rule already exists. Rule id is ${twin.id}.`)
  return rows.insert({
    ...rule,
    ethertype: rule.ethertype as SecurityGroupRule['ethertype'],
    id: tx.store.ids.uuid(),
    projectId: group.projectId,
    securityGroupId: groupId,
  })
}

export async function deleteRule(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(securityGroupRule).get(params.id!)
  call.require('network/delete_security_group_rule', dressed(securityGroupRule, seen, call))
  await call.transaction(async (tx) => {
    const rows = tx.rows(securityGroupRule, everyone('the rule was seen and its rule checked'))
    await rows.remove(await rows.get(seen.id))
  })
  return noContent()
}
