// Roles as replies show them.
import type { Call } from '../../../eden/call.ts'
import { linkTo, shown } from '../extras/shown.ts'
import { type Role, role } from './role.ts'

export const roleView = (call: Call, row: Role) => shown(call, role, row, 'roles')

/** The short form within implications. */
export const roleBrief = (call: Call, { id, name }: Role) => ({
  id,
  name,
  links: { self: linkTo(call, `roles/${id}`) },
})
