// Server groups: made, listed, shown, removed. Placement enforces them.
import { type TSchema, Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound, Problem } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { limitsOf } from '../../../eden/quota/quota.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { quotaDefaults } from '../config.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { groupsOfProject } from '../quotas/usage.ts'
import { type Server, server } from '../servers/server.ts'
import { speaks } from '../versions/since.ts'
import { groupPolicies, type ServerGroup, serverGroup } from './group.ts'

const rule = (name: string) => `os_compute_api:os-server-groups:${name}`
const beyond = everyone('members are counted whoever asks')

const shown = (call: Call, row: ServerGroup, members: Server[]) => ({
  id: row.id,
  name: row.name,
  ...(speaks(call, '2.64')
    ? { policy: row.policy, rules: row.maxPerHost === null ? {} : { max_server_per_host: row.maxPerHost } }
    : { policies: [row.policy], metadata: {} }),
  members: members.filter(({ groupId }) => groupId === row.id).map(({ id }) => id),
  ...(speaks(call, '2.13') && { project_id: row.projectId, user_id: row.userId }),
})

const membersOf = (call: Call, groups: ServerGroup[]): Promise<Server[]> =>
  groups.length === 0
    ? Promise.resolve([])
    : call.rows(server, beyond).list({ where: { groupId: groups.map(({ id }) => id) } })

async function list({ config }: ComputeContext, call: Call, { query }: Input) {
  for (const name of ['limit', 'offset'] as const)
    if (query[name] !== undefined && !/^\d+$/.test(query[name]))
      throw badRequest(`Invalid input for query parameters ${name}. Value: ${query[name]}.`)
  const wantsAll = query.all_projects !== undefined && call.allows(rule('index:all_projects'))
  const rows = await call.rows(serverGroup).list({
    where: wantsAll ? {} : { projectId: call.projectId },
    sort: [{ field: 'createdAt' }],
    offset: Number(query.offset ?? 0),
    limit: Math.min(Number(query.limit ?? config.maxLimit), config.maxLimit),
  })
  const members = await membersOf(call, rows)
  return ok({ server_groups: rows.map((row) => shown(call, row, members)) })
}

async function get(call: Call, id: string, ruleName: string): Promise<ServerGroup> {
  const row = await call.rows(serverGroup).find(id)
  if (!row) throw notFound(`Instance group ${id} could not be found.`)
  call.require(rule(ruleName), row)
  return row
}

async function show(_: ComputeContext, call: Call, { params }: Input) {
  const row = await get(call, params.id!, 'show')
  return ok({ server_group: shown(call, row, await membersOf(call, [row])) })
}

const name = Type.String({ minLength: 1, maxLength: 255, pattern: '^\\S(.*\\S)?$' })
const policyBefore = (...values: string[]): TSchema =>
  Type.Object(
    {
      server_group: Type.Object(
        {
          name,
          policies: Type.Array(Type.Unsafe({ type: 'string', enum: values }), { minItems: 1, maxItems: 1 }),
        },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  )
const oldest = policyBefore('affinity', 'anti-affinity')
const older = policyBefore(...groupPolicies)
const newest = Type.Object(
  {
    server_group: Type.Object(
      {
        name,
        policy: Type.Unsafe({ type: 'string', enum: [...groupPolicies] }),
        rules: Type.Optional(
          Type.Object(
            {
              max_server_per_host: Type.Optional(
                Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: '^[0-9]+$' })]),
              ),
            },
            { additionalProperties: false },
          ),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

interface Given {
  name: string
  policies?: ServerGroup['policy'][]
  policy?: ServerGroup['policy']
  rules?: { max_server_per_host?: number | string }
}

async function create({ config }: ComputeContext, call: Call, { body }: Input) {
  validate(speaks(call, '2.64') ? newest : speaks(call, '2.15') ? older : oldest, body)
  const given = (body as { server_group: Given }).server_group
  const policy = given.policy ?? given.policies![0]!
  const perHost = given.rules?.max_server_per_host
  if (perHost !== undefined && policy !== 'anti-affinity') throw badRequest('Only anti-affinity policy supports rules.')
  const row = await call.transaction(async (tx) => {
    const limits = await limitsOf(tx, 'compute', call.projectId, quotaDefaults(config))
    const used = await groupsOfProject(tx, call.projectId)
    if (limits.server_groups! >= 0 && used >= limits.server_groups!)
      throw new Problem(403, 'overQuota', 'Quota exceeded, too many server groups.', {
        reason: { quota: { resource: 'server_groups', limit: limits.server_groups, used, asked: 1 } },
      })
    return tx.rows(serverGroup).insert({
      id: call.ids.uuid(),
      projectId: call.projectId,
      userId: call.userId,
      name: given.name,
      policy,
      maxPerHost: perHost === undefined ? null : Number(perHost),
    })
  })
  return ok({ server_group: shown(call, row, []) })
}

async function remove(_: ComputeContext, call: Call, { params }: Input) {
  const row = await get(call, params.id!, 'delete')
  await call.transaction(async (tx) => {
    for (const member of await tx.rows(server, beyond).list({ where: { groupId: row.id } }))
      await tx.rows(server, beyond).update(member, { groupId: null })
    await tx.rows(serverGroup).remove(row)
  })
  return noContent()
}

export const serverGroupRoutes: ComputeRoute[] = [
  r('GET', '/os-server-groups', list, { rule: rule('index') }),
  r('POST', '/os-server-groups', create, { rule: rule('create'), body: 'any' }),
  r('GET', '/os-server-groups/:id', show),
  r('DELETE', '/os-server-groups/:id', remove),
].flat()
