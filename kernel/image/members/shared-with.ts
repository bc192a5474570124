// The condition that an image is shared with the caller's project.
import type { Call } from '../../../eden/call.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'

/** @param status only memberships of this status; any where it is absent. */
export function sharedWith(where: WhereBuilder, call: Call, status?: string): Condition {
  let members = where
    .selectFrom('image_members')
    .select('image_members.id')
    .whereRef('image_members.image_id', '=', 'image_images.id')
    .where('image_members.member_id', '=', call.credentials.projectId ?? '')
  if (status) members = members.where('image_members.status', '=', status)
  return where.and([where('image_images.visibility', '=', 'shared'), where.exists(members)]) as Condition
}
