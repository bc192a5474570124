// Who is in which group, and in which projects a user has a part.
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { groupsOf } from '../assignments/effective.ts'
import { projectsOf } from '../assignments/places.ts'
import type { IdentityContext } from '../context.ts'
import { pageOf } from '../extras/listing.ts'
import { collection } from '../extras/shown.ts'
import { project } from '../projects/project.ts'
import { projectView } from '../projects/view.ts'
import { groupFor, userFor } from './find.ts'
import { type Group, group, membership, membershipKey } from './group.ts'
import { type User, user } from './user.ts'
import { groupView, userView } from './view.ts'

export async function usersInGroup(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { id } = await groupFor(call, input.params.group_id!, 'identity:list_users_in_group')
  const members = await call.rows(membership).list({ where: { groupId: id } })
  const { rows, next } = await pageOf(call, user, input, { id: members.map(({ userId }) => userId) })
  return ok(
    collection(
      call,
      input,
      `groups/${id}/users`,
      'users',
      rows.map((row) => userView(call, row)),
      next,
    ),
  )
}

export async function groupsOfUser(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { id } = await userFor(call, input.params.user_id!, 'identity:list_groups_for_user')
  const { rows, next } = await pageOf(call, group, input, { id: await groupsOf(call.ground.store.reads(), id) })
  return ok(
    collection(
      call,
      input,
      `users/${id}/groups`,
      'groups',
      rows.map((row) => groupView(call, row)),
      next,
    ),
  )
}

export async function projectsOfUser(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { id } = await userFor(call, input.params.user_id!, 'identity:list_user_projects')
  const theirs = await projectsOf(call.ground.store.reads(), id)
  const { rows, next } = await pageOf(call, project, input, { id: theirs.map((one) => one.id) })
  return ok(
    collection(
      call,
      input,
      `users/${id}/projects`,
      'projects',
      rows.map((row) => projectView(call, row)),
      next,
    ),
  )
}

async function pair(call: Call, { params }: Input, rule: string): Promise<{ user: User; group: Group; key: string }> {
  const foundUser = await call.rows(user).find(params.user_id!)
  const foundGroup = await call.rows(group).find(params.group_id!)
  call.require(rule, {
    target: { user: { id: foundUser?.id, domain_id: foundUser?.domainId }, group: { domain_id: foundGroup?.domainId } },
  })
  if (!foundGroup) throw notFound(`Could not find group: ${params.group_id}.`)
  if (!foundUser) throw notFound(`Could not find user: ${params.user_id}.`)
  return { user: foundUser, group: foundGroup, key: membershipKey(foundGroup.id, foundUser.id) }
}

export async function addMember(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { user, group, key } = await pair(call, input, 'identity:add_user_to_group')
  await call.transaction(async (tx) => {
    if (!(await tx.rows(membership).find(key)))
      await tx.rows(membership).insert({ id: key, groupId: group.id, userId: user.id })
  })
  return noContent()
}

export async function checkMember(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { user, group, key } = await pair(call, input, 'identity:check_user_in_group')
  if (!(await call.rows(membership).find(key))) throw notFound(`User ${user.id} is not in group ${group.id}.`)
  return noContent()
}

export async function removeMember(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { user, group, key } = await pair(call, input, 'identity:remove_user_from_group')
  await call.transaction(async (tx) => {
    const found = await tx.rows(membership).find(key)
    if (!found) throw notFound(`User ${user.id} is not in group ${group.id}.`)
    await tx.rows(membership).remove(found)
  })
  return noContent()
}
