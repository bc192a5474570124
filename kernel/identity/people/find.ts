// The user or group that a request is about, once the rule allows it.
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { type Group, group } from './group.ts'
import { type User, user } from './user.ts'

export const userTarget = (found: User | undefined) => ({
  target: { user: { id: found?.id, domain_id: found?.domainId } },
  user_id: found?.id,
})

/** @throws 404, or 403 before it where the caller may not know whether there is such a user. */
export async function userFor(call: Call, id: string, rule: string): Promise<User> {
  const found = await call.rows(user).find(id)
  call.require(rule, userTarget(found))
  if (!found) throw notFound(`Could not find user: ${id}.`)
  return found
}

export async function groupFor(call: Call, id: string, rule: string): Promise<Group> {
  const found = await call.rows(group).find(id)
  call.require(rule, { target: { group: { id: found?.id, domain_id: found?.domainId } } })
  if (!found) throw notFound(`Could not find group: ${id}.`)
  return found
}
