// Keystone keeps attributes that it does not know and shows them again; clients use that (a user's e-mail address).
import { Type } from 'typebox'
import { json } from '../../../eden/resource/fields.ts'
import type { Resource } from '../../../eden/resource/resource.ts'

export type Extra = Record<string, unknown>

/** The field that holds what a request gave beyond the declared fields. */
export const extra = () => json<Extra>(Type.Unknown(), { hidden: true, default: () => ({}) })

/** Per-object switches such as `immutable` and `ignore_lockout_failure_attempts`. */
export const options = () =>
  json<Record<string, unknown>>(Type.Record(Type.String({ maxLength: 255 }), Type.Unknown()), { default: () => ({}) })

/** What the body holds beyond the declared fields and the names in `besides`. */
export function extraFrom<F>(
  { byWire }: Resource<F>,
  body: Record<string, unknown>,
  besides: readonly string[] = [],
): Extra {
  const own = Object.entries(body).filter(([name]) => !byWire.has(name) && name !== 'links' && !besides.includes(name))
  return Object.fromEntries(own)
}

/** Options after a change: what is null goes. */
export function optionsAfter(before: Record<string, unknown>, change: unknown): Record<string, unknown> {
  const merged = { ...before, ...(change as Record<string, unknown> | undefined) }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}
