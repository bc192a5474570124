// Users, what is known of their passwords, groups, and who is in which.
import { Type } from 'typebox'
import { flag, id, integer, json, maybe, text, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { extra, options } from '../extras/extra.ts'
import { generation } from '../extras/generation.ts'

export const user = resource('user', {
  service: 'identity',
  plural: 'users',
  fields: {
    id: id({ readOnly: true }),
    name: text({ min: 1, max: 255, pattern: '\\S' }),
    domainId: id({ createOnly: true, index: true }),
    enabled: flag({ default: true }),
    defaultProjectId: maybe(id()),
    options: options(),
    passwordExpiresAt: maybe(time({ readOnly: true })),
    passwordHash: maybe(text({ max: 512, readOnly: true, secret: true })),
    /** Hashes of former passwords, latest first. */
    passwordHistory: json<string[]>(Type.Unknown(), { readOnly: true, secret: true, default: () => [] }),
    /** Grows when the password changes or the account is disabled: tokens from before are void. */
    generation: generation(),
    extra: extra(),
  },
  unique: [['domainId', 'name']],
})
export type User = Row<typeof user>

/** Wrong passwords in a row. Bookkeeping: it changes with every attempt and concerns nobody's tokens. */
export const loginFailure = resource('login-failure', {
  service: 'identity',
  plural: 'login-failures',
  unlogged: true,
  fields: { id: id(), attempts: integer(), lastAtMs: integer() },
})
