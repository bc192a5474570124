// Users and groups as replies show them.
import type { Call } from '../../../eden/call.ts'
import { shown } from '../extras/shown.ts'
import { wireTimeOf } from '../extras/wire-time.ts'
import { type Group, group } from './group.ts'
import { type User, user } from './user.ts'

export const userView = (call: Call, row: User): Record<string, unknown> => ({
  ...shown(call, user, row, 'users', ['default_project_id']),
  password_expires_at: wireTimeOf(row.passwordExpiresAt),
})

export const groupView = (call: Call, row: Group) => shown(call, group, row, 'groups')
