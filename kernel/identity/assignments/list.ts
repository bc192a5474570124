// GET /v3/role_assignments: who holds which role where, as it was written down or as it works out.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok, type Reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import { collection, linkTo } from '../extras/shown.ts'
import { membership } from '../people/group.ts'
import { projectFor } from '../projects/list.ts'
import { project } from '../projects/project.ts'
import { subtreeOf } from '../projects/tree.ts'
import type { Assignment } from './assignment.ts'
import { assignment } from './assignment.ts'
import { expanded, groupsOf, type RoleGraph } from './effective.ts'
import { type Names, namesOf } from './names.ts'

/** An assignment, and what it was worked out from. */
interface Held extends Omit<Assignment, 'id'> {
  /** The group through which a user holds it. */
  throughGroup?: string
  /** The project or domain from which it is inherited. */
  from?: { type: 'project' | 'domain'; id: string }
  priorRoleId?: string
}

interface Filters {
  userId: string | undefined
  groupId: string | undefined
  roleId: string | undefined
  targetType: Assignment['targetType'] | undefined
  targetIds: string[] | undefined
  inherited: boolean | undefined
  isEffective: boolean
}

export async function listAssignments({ tokens }: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const filters = await filtersOf(call, input)
  const held = filters.isEffective ? await effective(call, await tokens.graph(), filters) : await direct(call, filters)
  const seen = await confined(call, held)
  const names = isAsked(input, 'include_names') ? await namesOf(call, seen) : undefined
  const entries = seen.map((one) => entryOf(call, one, names))
  return ok(collection(call, input, 'role_assignments', 'role_assignments', entries))
}

const isAsked = ({ query }: Input, name: string) => query[name] !== undefined && !/^(0|false)$/i.test(query[name])

async function filtersOf(call: Call, input: Input): Promise<Filters> {
  const { query } = input
  const projectId = query['scope.project.id']
  const domainId = query['scope.domain.id']
  const isEffective = isAsked(input, 'effective')
  const withSubtree = isAsked(input, 'include_subtree')
  if (withSubtree && !projectId) throw badRequest('scope.project.id must be given with include_subtree.')
  if (query['user.id'] && query['group.id']) throw badRequest('Specify a user or group, not both.')
  if (projectId && domainId) throw badRequest('Specify a domain or project, not both.')
  if (isEffective && query['group.id']) throw badRequest('Effective assignments are those of users: give no group.id.')
  if (withSubtree) await projectFor(call, projectId!, 'identity:list_role_assignments_for_tree')
  else call.require('identity:list_role_assignments', { target: { domain_id: call.credentials.domainId } })
  const below = withSubtree ? (await subtreeOf(call.ground.store.reads(call), projectId!)).map(({ id }) => id) : []
  const inherited = query['scope.OS-INHERIT:inherited_to']
  if (inherited !== undefined && inherited !== 'projects')
    throw badRequest("scope.OS-INHERIT:inherited_to is 'projects' or absent.")
  return {
    userId: query['user.id'],
    groupId: query['group.id'],
    roleId: query['role.id'],
    targetType:
      query['scope.system'] !== undefined ? 'system' : projectId ? 'project' : domainId ? 'domain' : undefined,
    targetIds: projectId ? [projectId, ...below] : domainId ? [domainId] : undefined,
    inherited: inherited === undefined ? undefined : true,
    isEffective,
  }
}

const direct = (call: Call, filters: Filters): Promise<Held[]> =>
  call.rows(assignment).list({
    where: {
      ...(filters.userId && { actorType: 'user', actorId: filters.userId }),
      ...(filters.groupId && { actorType: 'group', actorId: filters.groupId }),
      ...(filters.roleId && { roleId: filters.roleId }),
      ...(filters.targetType && { targetType: filters.targetType }),
      ...(filters.targetIds && { targetId: filters.targetIds }),
      ...(filters.inherited && { inherited: true }),
    },
  })

/** Groups become their users, inheritance the projects below, and each role all that it implies. */
async function effective(call: Call, graph: RoleGraph, filters: Filters): Promise<Held[]> {
  const actors = filters.userId
    ? [filters.userId, ...(await groupsOf(call.ground.store.reads(), filters.userId))]
    : undefined
  const rows = await call.rows(assignment).list({ where: actors ? { actorId: actors } : {} })
  const members = await membersOf(call, rows)
  const below = await placesBelow(call, rows)
  const all: Held[] = []
  for (const { id, ...row } of rows) {
    const people: Held[] =
      row.actorType === 'user'
        ? [row]
        : (members.get(row.actorId) ?? []).map((userId) => ({
            ...row,
            actorType: 'user',
            actorId: userId,
            throughGroup: row.actorId,
          }))
    for (const person of people) {
      if (filters.userId && person.actorId !== filters.userId) continue
      for (const placed of row.inherited ? spread(person, below.get(row.targetId) ?? []) : [person])
        for (const { id: roleId } of expanded(graph, [row.roleId]))
          all.push(roleId === row.roleId ? placed : { ...placed, roleId, priorRoleId: row.roleId })
    }
  }
  return all.filter(
    (one) =>
      (!filters.roleId || one.roleId === filters.roleId) &&
      (!filters.targetType || one.targetType === filters.targetType) &&
      (!filters.targetIds || filters.targetIds.includes(one.targetId)) &&
      (!filters.inherited || one.from !== undefined) &&
      graph.byId.get(one.roleId)?.domainId === null,
  )
}

const spread = (one: Held, projectIds: string[]): Held[] =>
  projectIds.map((targetId) => ({
    ...one,
    targetType: 'project',
    targetId,
    inherited: false,
    from: { type: one.targetType as 'project' | 'domain', id: one.targetId },
  }))

async function membersOf(call: Call, rows: Assignment[]): Promise<Map<string, string[]>> {
  const groupIds = rows.filter(({ actorType }) => actorType === 'group').map(({ actorId }) => actorId)
  const members = new Map<string, string[]>()
  for (const { groupId, userId } of await call.rows(membership).list({ where: { groupId: [...new Set(groupIds)] } }))
    members.set(groupId, [...(members.get(groupId) ?? []), userId])
  return members
}

/** For each place from which something is inherited: the projects below it. */
async function placesBelow(call: Call, rows: Assignment[]): Promise<Map<string, string[]>> {
  const below = new Map<string, string[]>()
  for (const { inherited, targetType, targetId } of rows) {
    if (!inherited || below.has(targetId)) continue
    const projects =
      targetType === 'domain'
        ? await call.rows(project).list({ where: { domainId: targetId } })
        : await subtreeOf(call.ground.store.reads(call), targetId)
    below.set(
      targetId,
      projects.map(({ id }) => id),
    )
  }
  return below
}

/** With a token for a domain: what is in that domain. */
async function confined(call: Call, held: Held[]): Promise<Held[]> {
  const { domainId } = call.credentials
  if (!domainId) return held
  const places = await call.rows(project).list({ where: { domainId } })
  const inside = new Set([domainId, ...places.map(({ id }) => id)])
  return held.filter(({ targetId }) => inside.has(targetId))
}

function entryOf(call: Call, one: Held, names: Names | undefined): Record<string, unknown> {
  const named = (type: keyof Names, id: string) => names?.[type].get(id) ?? { id }
  const scope =
    one.targetType === 'system' ? { system: { all: true } } : { [one.targetType]: named('place', one.targetId) }
  return {
    scope: { ...scope, ...((one.inherited || one.from) && { 'OS-INHERIT:inherited_to': 'projects' }) },
    role: named('role', one.roleId),
    [one.actorType]: named(one.actorType, one.actorId),
    links: linksOf(call, one),
  }
}

function linksOf(call: Call, one: Held): Record<string, string> {
  const target = one.from ?? { type: one.targetType, id: one.targetId }
  const place = target.type === 'system' ? 'system' : `${target.type}s/${target.id}`
  const actor = one.throughGroup ? `groups/${one.throughGroup}` : `${one.actorType}s/${one.actorId}`
  const path = `${place}/${actor}/roles/${one.priorRoleId ?? one.roleId}`
  const isInherited = one.inherited || one.from !== undefined
  return {
    assignment: linkTo(call, isInherited ? `OS-INHERIT/${path}/inherited_to_projects` : path),
    ...(one.throughGroup && { membership: linkTo(call, `groups/${one.throughGroup}/users/${one.actorId}`) }),
    ...(one.priorRoleId && { prior_role: linkTo(call, `prior_roles/${one.priorRoleId}/implies/${one.roleId}`) }),
  }
}
