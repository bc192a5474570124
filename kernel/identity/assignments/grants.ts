// Roles given to one user or group at one place: list, ask, give, take away.
import type { Call } from '../../../eden/call.ts'
import { forbidden, notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import { collection } from '../extras/shown.ts'
import { group } from '../people/group.ts'
import { user } from '../people/user.ts'
import { type Project, project } from '../projects/project.ts'
import { type Role, role } from '../roles/role.ts'
import { roleView } from '../roles/view.ts'
import { type ActorType, assignment, assignmentKey, type TargetType } from './assignment.ts'

/** What the path of a request fixes: who and where. */
export interface Place {
  actor: ActorType
  target: TargetType
  inherited: boolean
}

type Operation = (place: Place) => ServiceOperation<IdentityContext>

interface Grant {
  parts: { actorType: ActorType; actorId: string; targetType: TargetType; targetId: string; inherited: boolean }
  role: Role | undefined
}

/** The objects that the path names, once the rule allows it. @throws 404 for the first that is not there. */
async function grantOf(call: Call, place: Place, { params }: Input, verb: Verb): Promise<Grant> {
  const actorId = params[`${place.actor}_id`]!
  const targetId = place.target === 'system' ? 'all' : params[`${place.target}_id`]!
  const actor = place.actor === 'user' ? await call.rows(user).find(actorId) : await call.rows(group).find(actorId)
  const target = place.target === 'system' ? undefined : await call.rows(project).find(targetId)
  const found = params.role_id === undefined ? undefined : await call.rows(role).find(params.role_id)
  call.require(ruleFor(place, verb), { target: targetNames(place, actor, target, found) })
  if (!actor) throw notFound(`Could not find ${place.actor}: ${actorId}.`)
  if (place.target !== 'system' && (!target || (place.target === 'domain' && !target.isDomain)))
    throw notFound(`Could not find ${place.target}: ${targetId}.`)
  if (params.role_id !== undefined && !found) throw notFound(`Could not find role: ${params.role_id}.`)
  return {
    parts: { actorType: place.actor, actorId, targetType: place.target, targetId, inherited: place.inherited },
    role: found,
  }
}

type Verb = 'list' | 'check' | 'create' | 'revoke'

const ruleFor = ({ actor, target }: Place, verb: Verb) => {
  if (target !== 'system') return verb === 'list' ? 'identity:list_grants' : `identity:${verb}_grant`
  return verb === 'list' ? `identity:list_system_grants_for_${actor}` : `identity:${verb}_system_grant_for_${actor}`
}

const targetNames = (
  place: Place,
  actor: { domainId: string } | undefined,
  target: Project | undefined,
  found: Role | undefined,
) => ({
  [place.actor]: { domain_id: actor?.domainId },
  ...(place.target === 'project' && { project: { domain_id: target?.domainId ?? target?.id } }),
  ...(place.target === 'domain' && { domain: { id: target?.id } }),
  role: { domain_id: found ? found.domainId : null, name: found?.name },
})

const unknown = (found: Role) => notFound(`Could not find role assignment with role: ${found.id}.`)

export const listGrants: Operation = (place) => async (_, call, input) => {
  const { parts } = await grantOf(call, place, input, 'list')
  const held = await call.rows(assignment).list({ where: parts })
  const roles = await call.rows(role).list({ where: { id: held.map(({ roleId }) => roleId) } })
  const views = roles.map((one) => roleView(call, one))
  return ok(collection(call, input, pathOf(parts), 'roles', views))
}

const pathOf = ({ actorType, actorId, targetType, targetId, inherited }: Grant['parts']) => {
  const place = targetType === 'system' ? 'system' : `${targetType}s/${targetId}`
  const path = `${place}/${actorType}s/${actorId}/roles`
  return inherited ? `OS-INHERIT/${path}/inherited_to_projects` : path
}

export const checkGrant: Operation = (place) => async (_, call, input) => {
  const grant = await grantOf(call, place, input, 'check')
  const key = assignmentKey({ ...grant.parts, roleId: grant.role!.id })
  if (!(await call.rows(assignment).find(key))) throw unknown(grant.role!)
  return noContent()
}

export const giveRole: Operation = (place) => async (_, call, input) => {
  const { parts, role: given } = await grantOf(call, place, input, 'create')
  await mustBelong(call, given!, parts)
  await call.transaction(async (tx) => {
    const values = { ...parts, roleId: given!.id }
    const id = assignmentKey(values)
    if (!(await tx.rows(assignment).find(id))) await tx.rows(assignment).insert({ ...values, id })
  })
  return noContent()
}

/** @throws 403 where a domain's own role is given in another domain. */
async function mustBelong(call: Call, { domainId }: Role, { targetType, targetId }: Grant['parts']): Promise<void> {
  if (domainId === null) return
  const place = targetType === 'system' ? undefined : await call.rows(project).find(targetId)
  if (place && (place.domainId ?? place.id) === domainId) return
  throw forbidden("A domain's own role can be given in that domain only.")
}

export const takeRole: Operation =
  (place) =>
  async (_, call, input): Promise<Reply> => {
    const { parts, role: taken } = await grantOf(call, place, input, 'revoke')
    await call.transaction(async (tx) => {
      const found = await tx.rows(assignment).find(assignmentKey({ ...parts, roleId: taken!.id }))
      if (!found) throw unknown(taken!)
      await tx.rows(assignment).remove(found)
    })
    return noContent()
  }
