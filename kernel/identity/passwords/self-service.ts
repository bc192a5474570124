// POST /v3/users/:id/password: users change their own password, even an expired one, with the old one as proof.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, unauthorized } from '../../../eden/errors.ts'
import { type Input, noContent, type Reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import { user } from '../people/user.ts'
import { activeUser } from '../tokens/holder.ts'
import { afterChange, mustBeFresh, mustBeStrong, passwordFields } from './change.ts'
import { passwordOpens } from './login.ts'

const secret = () => Type.String({ minLength: 1, maxLength: 4096 })

export const changePasswordBody = Type.Object({
  user: Type.Object({ password: secret(), original_password: secret() }, { additionalProperties: true }),
})

export async function changePassword(context: IdentityContext, call: Call, { params, body }: Input): Promise<Reply> {
  const { password, original_password: original } = (body as { user: { password: string; original_password: string } })
    .user
  const before = await call.rows(user).find(params.user_id!)
  const isRight = await passwordOpens(context, call, before, original)
  if (!isRight || !before || !(await activeUser(context.ground.store.reads(), before.id))) throw unauthorized()
  if (before.options.lock_password === true)
    throw badRequest('The password of this user may be changed by an administrator only.')
  mustBeStrong(context, password)
  await mustBeFresh(context, before, password)
  const fields = await passwordFields(context, password, before.options)
  await call.transaction(async (tx) => {
    const now = await tx.rows(user).get(before.id)
    if (now.passwordHash !== before.passwordHash) throw unauthorized('The password was changed meanwhile.')
    await tx.rows(user).update(now, { ...fields, ...afterChange(now) })
  })
  return noContent()
}
