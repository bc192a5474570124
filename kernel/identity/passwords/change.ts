// New passwords: what they must be, and what a row looks like with one.

import { isoTime } from '../../../eden/clock.ts'
import { badRequest } from '../../../eden/errors.ts'
import type { IdentityContext } from '../context.ts'
import type { User } from '../people/user.ts'

const keptHistory = 24
const dayMs = 86_400_000

type PasswordFields = Pick<User, 'passwordHash' | 'passwordExpiresAt'>

/** The fields of a user whose password was set just now; null takes it away. */
export async function passwordFields(
  { passwords, settings, ground }: IdentityContext,
  password: string | null,
  options: Record<string, unknown>,
): Promise<PasswordFields> {
  const expires = settings.passwordExpiresDays > 0 && options.ignore_password_expiry !== true
  return {
    passwordHash: password === null ? null : await passwords.hash(password),
    passwordExpiresAt: expires ? isoTime(ground.clock.now() + settings.passwordExpiresDays * dayMs) : null,
  }
}

/** What else changes in the row with a new password: its history, and the end of all tokens. */
export const afterChange = (before: User): Pick<User, 'passwordHistory' | 'generation'> => ({
  passwordHistory: [...(before.passwordHash ? [before.passwordHash] : []), ...before.passwordHistory].slice(
    0,
    keptHistory,
  ),
  generation: before.generation + 1,
})

/** @throws 400 where the password does not match the operator's pattern. */
export function mustBeStrong({ settings }: IdentityContext, password: string | null | undefined) {
  if (!password || settings.passwordRegex === '' || new RegExp(settings.passwordRegex).test(password)) return
  throw badRequest(`The password does not match the requirements: ${settings.passwordRegex}.`)
}

/** @throws 400 where it is one of the last passwords, the present one included. */
export async function mustBeFresh({ passwords, settings }: IdentityContext, before: User, password: string) {
  const last = settings.uniqueLastPasswordCount
  if (last === 0) return
  for (const hash of [before.passwordHash, ...before.passwordHistory].slice(0, last))
    if (hash && (await passwords.verify(hash, password)))
      throw badRequest(`The new password must differ from the last ${last} passwords.`)
}
