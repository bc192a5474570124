// Names beside the ids of assignments, looked up in one go.
import type { Call } from '../../../eden/call.ts'
import { group } from '../people/group.ts'
import { user } from '../people/user.ts'
import { project } from '../projects/project.ts'
import { role } from '../roles/role.ts'
import type { Assignment } from './assignment.ts'

type Named = Map<string, Record<string, unknown>>

export interface Names {
  place: Named
  role: Named
  user: Named
  group: Named
}

export async function namesOf(call: Call, held: Omit<Assignment, 'id'>[]): Promise<Names> {
  const ids = (of: (one: Omit<Assignment, 'id'>) => string | false) => [
    ...new Set(held.map(of).filter((id) => id !== false)),
  ]
  const [places, roles, users, groups] = await Promise.all([
    call.rows(project).list({ where: { id: ids((one) => one.targetType !== 'system' && one.targetId) } }),
    call.rows(role).list({ where: { id: ids((one) => one.roleId) } }),
    call.rows(user).list({ where: { id: ids((one) => one.actorType === 'user' && one.actorId) } }),
    call.rows(group).list({ where: { id: ids((one) => one.actorType === 'group' && one.actorId) } }),
  ])
  const rows = [...places, ...roles, ...users, ...groups]
  const domainIds = [...new Set(rows.map(({ domainId }) => domainId).filter((id) => id !== null))]
  const domains = new Map(
    (await call.rows(project).list({ where: { id: domainIds } })).map((one) => [one.id, one.name]),
  )
  const named = (all: { id: string; name: string; domainId: string | null }[]): Named =>
    new Map(
      all.map(({ id, name, domainId }) => [
        id,
        { id, name, ...(domainId !== null && { domain: { id: domainId, name: domains.get(domainId) } }) },
      ]),
    )
  return { place: named(places), role: named(roles), user: named(users), group: named(groups) }
}
