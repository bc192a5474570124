// Which roles a user really has somewhere: direct and through groups, inherited from above, and all that they imply.
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { membership } from '../people/group.ts'
import { project } from '../projects/project.ts'
import { implication, type Role, role } from '../roles/role.ts'
import { type Assignment, assignment } from './assignment.ts'

const beyond = everyone("roles are worked out over all of identity's rows")

/** Every role and what each implies; few rows, asked for all the time. */
export interface RoleGraph {
  byId: Map<string, Role>
  implied: Map<string, string[]>
}

export async function roleGraph(reads: Readable): Promise<RoleGraph> {
  const [roles, implications] = await Promise.all([
    reads.rows(role, beyond).list(),
    reads.rows(implication, beyond).list(),
  ])
  const implied = new Map<string, string[]>()
  for (const { priorRoleId, impliedRoleId } of implications)
    implied.set(priorRoleId, [...(implied.get(priorRoleId) ?? []), impliedRoleId])
  return { byId: new Map(roles.map((one) => [one.id, one])), implied }
}

/** The roles and all that they imply, without repetition; circles are harmless. */
export function expanded(graph: RoleGraph, roleIds: Iterable<string>): Role[] {
  const all = new Set(roleIds)
  for (const id of all) for (const next of graph.implied.get(id) ?? []) all.add(next)
  return [...all].map((id) => graph.byId.get(id)).filter((one) => one !== undefined)
}

export async function groupsOf(reads: Readable, userId: string): Promise<string[]> {
  const rows = await reads.rows(membership, beyond).list({ where: { userId } })
  return rows.map(({ groupId }) => groupId)
}

export type Target = { type: 'project' | 'domain'; id: string } | { type: 'system' }

/** All assignments of a user, through groups as well. */
export async function assignmentsOf(reads: Readable, userId: string): Promise<Assignment[]> {
  return reads.rows(assignment, beyond).list({ where: { actorId: [userId, ...(await groupsOf(reads, userId))] } })
}

/** The project's ancestors, nearest first, its domain last. */
export async function ancestors(reads: Readable, projectId: string): Promise<string[]> {
  const projects = reads.rows(project, beyond)
  const above: string[] = []
  let here = await projects.find(projectId)
  while (here?.parentId && !above.includes(here.parentId)) {
    above.push(here.parentId)
    here = await projects.find(here.parentId)
  }
  if (here?.domainId && !above.includes(here.domainId)) above.push(here.domainId)
  return above
}

/** Does this assignment hold at the target? `above` are the target's ancestors. */
export function holdsAt(one: Assignment, target: Target, above: readonly string[]): boolean {
  if (target.type === 'system') return one.targetType === 'system'
  if (one.targetType === 'system') return false
  if (!one.inherited) return one.targetType === target.type && one.targetId === target.id
  return target.type === 'project' && above.includes(one.targetId)
}

/** A user's roles at the target, expanded; roles that belong to a domain have done their work by then and are left out. */
export async function rolesAt(reads: Readable, graph: RoleGraph, userId: string, target: Target): Promise<Role[]> {
  const held = await assignmentsOf(reads, userId)
  const above =
    target.type === 'project' && held.some(({ inherited }) => inherited) ? await ancestors(reads, target.id) : []
  const direct = held.filter((one) => holdsAt(one, target, above)).map(({ roleId }) => roleId)
  return expanded(graph, direct).filter(({ domainId }) => domainId === null)
}
