// Limits of projects: shown, set, reset; and what a project uses of them.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok, reply } from '../../../eden/http/request.ts'
import { clearLimits, defaultClass, limitsOf, setLimits } from '../../../eden/quota/quota.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { quotaDefaults } from '../config.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { speaks } from '../versions/since.ts'
import { groupsOfProject, usageOfProject } from './usage.ts'

const rule = (name: string) => `os_compute_api:${name}`
const core = ['instances', 'cores', 'ram', 'key_pairs', 'metadata_items', 'server_groups', 'server_group_members']
/** Limits of other services, and of things long gone, which older clients expect to find; nothing is limited by them. */
const networkNames: Record<string, number> = {
  fixed_ips: -1,
  floating_ips: -1,
  security_groups: -1,
  security_group_rules: -1,
}
const fileNames: Record<string, number> = {
  injected_files: 5,
  injected_file_content_bytes: 65535,
  injected_file_path_bytes: 255,
}

const namesFor = (call: Call): string[] => [
  ...core,
  ...(speaks(call, '2.36') ? [] : Object.keys(networkNames)),
  ...(speaks(call, '2.57') ? [] : Object.keys(fileNames)),
]

async function limits({ config }: ComputeContext, call: Call, projectId: string): Promise<Record<string, number>> {
  const known = await limitsOf(call.ground.store.reads(call), 'compute', projectId, quotaDefaults(config))
  const all = { ...networkNames, ...fileNames, ...known }
  return Object.fromEntries(namesFor(call).map((name) => [name, all[name as keyof typeof all]!]))
}

async function show(context: ComputeContext, call: Call, { params }: Input) {
  call.require(rule('os-quota-sets:show'), { project_id: params.id })
  return ok({ quota_set: { id: params.id, ...(await limits(context, call, params.id!)) } })
}

async function defaults(context: ComputeContext, call: Call, { params }: Input) {
  return ok({ quota_set: { id: params.id, ...(await limits(context, call, defaultClass)) } })
}

async function used(call: Call, projectId: string): Promise<Record<string, number>> {
  const reads = call.ground.store.reads(call)
  return { ...(await usageOfProject(reads, projectId)), server_groups: await groupsOfProject(reads, projectId) }
}

async function detail(context: ComputeContext, call: Call, { params }: Input) {
  call.require(rule('os-quota-sets:detail'), { project_id: params.id })
  const inUse = await used(call, params.id!)
  const entries = Object.entries(await limits(context, call, params.id!))
  return ok({
    quota_set: {
      id: params.id,
      ...Object.fromEntries(entries.map(([name, limit]) => [name, { limit, in_use: inUse[name] ?? 0, reserved: 0 }])),
    },
  })
}

const amount = Type.Optional(
  Type.Union([
    Type.Integer({ minimum: -1, maximum: 2147483647 }),
    Type.String({ pattern: '^-?[0-9]+$', minLength: 1 }),
  ]),
)
const amounts = Object.fromEntries(
  [...core, ...Object.keys(networkNames), ...Object.keys(fileNames)].map((name) => [name, amount]),
)
const updateBody = Type.Object(
  {
    quota_set: Type.Object(
      {
        ...amounts,
        tenant_id: Type.Optional(Type.String()),
        force: Type.Optional(Type.Union([Type.Boolean(), Type.String()])),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

function givenAmounts(call: Call, given: Record<string, unknown>): Record<string, number> {
  const names = namesFor(call)
  const result: Record<string, number> = {}
  for (const [name, value] of Object.entries(given)) {
    if (name === 'tenant_id' || name === 'force') continue
    if (!names.includes(name)) throw badRequest(`Additional properties are not allowed ('${name}' was unexpected)`)
    const number = Number(value)
    if (number < -1)
      throw badRequest(
        `Invalid input for field/attribute ${name}. Value: ${value}. ${value} is less than the minimum of -1`,
      )
    result[name] = number
  }
  return result
}

async function update(context: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { quota_set: Record<string, unknown> }).quota_set
  const wanted = givenAmounts(call, given)
  const isForced = parseFlag(String(given.force ?? 'false')) === true
  await call.transaction(async (tx) => {
    if (!isForced) {
      const inUse: Record<string, number> = { ...(await usageOfProject(tx, params.id!)) }
      for (const [name, limit] of Object.entries(wanted))
        if (limit >= 0 && (inUse[name] ?? 0) > limit)
          throw badRequest(
            `Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${inUse[name]}.`,
          )
    }
    await setLimits(tx, 'compute', params.id!, wanted)
  })
  return ok({ quota_set: await limits(context, call, params.id!) })
}

async function remove(_: ComputeContext, call: Call, { params }: Input) {
  await call.transaction((tx) => clearLimits(tx, 'compute', params.id!))
  return reply(202)
}

const classOf = (id: string) => `class:${id}`

async function showClass(context: ComputeContext, call: Call, { params }: Input) {
  return ok({ quota_class_set: { id: params.id, ...(await limits(context, call, classOf(params.id!))) } })
}

const classBody = Type.Object(
  { quota_class_set: Type.Object(amounts, { additionalProperties: false }) },
  { additionalProperties: false },
)

async function updateClass(context: ComputeContext, call: Call, { params, body }: Input) {
  const wanted = givenAmounts(call, (body as { quota_class_set: Record<string, unknown> }).quota_class_set)
  await call.transaction((tx) => setLimits(tx, 'compute', classOf(params.id!), wanted))
  return ok({ quota_class_set: await limits(context, call, classOf(params.id!)) })
}

async function absolute({ config }: ComputeContext, call: Call, { query }: Input) {
  const projectId = query.tenant_id ?? call.projectId
  if (projectId !== call.projectId) call.require(rule('limits:other_project'))
  const known = await limitsOf(call.ground.store.reads(call), 'compute', projectId, quotaDefaults(config))
  const inUse = await used(call, projectId)
  return ok({
    limits: {
      rate: [],
      absolute: {
        maxTotalInstances: known.instances,
        maxTotalCores: known.cores,
        maxTotalRAMSize: known.ram,
        maxTotalKeypairs: known.key_pairs,
        maxServerMeta: known.metadata_items,
        maxServerGroups: known.server_groups,
        maxServerGroupMembers: known.server_group_members,
        totalInstancesUsed: inUse.instances,
        totalCoresUsed: inUse.cores,
        totalRAMUsed: inUse.ram,
        totalServerGroupsUsed: inUse.server_groups,
        ...(!speaks(call, '2.36') && {
          maxSecurityGroups: -1,
          maxSecurityGroupRules: -1,
          maxTotalFloatingIps: -1,
          totalSecurityGroupsUsed: 0,
          totalFloatingIpsUsed: 0,
        }),
        ...(!speaks(call, '2.39') && { maxImageMeta: known.metadata_items }),
        ...(!speaks(call, '2.57') && { maxPersonality: 5, maxPersonalitySize: 65535 }),
      },
    },
  })
}

export const quotaRoutes: ComputeRoute[] = [
  r('GET', '/os-quota-sets/:id', show),
  r('GET', '/os-quota-sets/:id/defaults', defaults, { rule: rule('os-quota-sets:defaults') }),
  r('GET', '/os-quota-sets/:id/detail', detail),
  r('PUT', '/os-quota-sets/:id', update, { rule: rule('os-quota-sets:update'), body: updateBody }),
  r('DELETE', '/os-quota-sets/:id', remove, { rule: rule('os-quota-sets:delete') }),
  r('GET', '/os-quota-class-sets/:id', showClass, { rule: rule('os-quota-class-sets:show') }),
  r('PUT', '/os-quota-class-sets/:id', updateClass, { rule: rule('os-quota-class-sets:update'), body: classBody }),
  r('GET', '/limits', absolute, { rule: rule('limits') }),
].flat()
