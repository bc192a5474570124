// Keystone keeps attributes that it does not know and shows them again; clients use that (a user's e-mail address).
import { Type } from 'typebox'
import { json } from '../../../eden/resource/fields.ts'

export type Extra = Record<string, unknown>

/** The field that holds what a request gave beyond the declared fields. */
export const extra = () => json<Extra>(Type.Unknown(), { hidden: true, default: () => ({}) })

/** Per-object switches such as `immutable` and `ignore_lockout_failure_attempts`. */
export const options = () =>
  json<Record<string, unknown>>(Type.Record(Type.String({ maxLength: 255 }), Type.Unknown()), { default: () => ({}) })
