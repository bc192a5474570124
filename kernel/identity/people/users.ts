// Users: make, list, show, change, remove.
import { type TSchema, Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom, wrapped } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { atLeast, atMost, type Comparison, greaterThan, lessThan, not } from '../../../eden/store/where.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom, optionsAfter } from '../extras/extra.ts'
import { homeDomain, mustStay, ownDomainOnly } from '../extras/guards.ts'
import { pageOf } from '../extras/listing.ts'
import { collection } from '../extras/shown.ts'
import { afterChange, mustBeStrong, passwordFields } from '../passwords/change.ts'
import { project } from '../projects/project.ts'
import { userFor } from './find.ts'
import { removeUserRow } from './remove.ts'
import { loginFailure, type User, user } from './user.ts'
import { userView } from './view.ts'

const password = Type.Optional(Type.Union([Type.String({ maxLength: 4096 }), Type.Null()]))
/** Options that mean something here; others would promise what is not done. */
const knownOptions = ['ignore_lockout_failure_attempts', 'ignore_password_expiry', 'lock_password', 'immutable']

const userBody = (kind: 'create' | 'update'): TSchema =>
  wrapped(
    'user',
    bodyOf(user, { for: kind, ...(kind === 'create' && { required: ['name'] }), open: true, extra: { password } }),
  )
export const createUserBody = userBody('create')
export const updateUserBody = userBody('update')

interface UserBody extends Record<string, unknown> {
  password?: string | null
  options?: Record<string, unknown>
}

export async function createUser(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { user: body } = input.body as { user: UserBody }
  const domainId = (body.domain_id as string | undefined) ?? homeDomain(call)
  call.require('identity:create_user', { target: { user: { domain_id: domainId } } })
  mustBeStrong(context, body.password)
  const options = optionsOf({}, body)
  const secret = await passwordFields(context, body.password ?? null, options)
  const row = await call.transaction(async (tx) => {
    if (!(await tx.rows(project).find(domainId))?.isDomain) throw notFound(`Could not find domain: ${domainId}.`)
    await mustFit(tx, body, domainId)
    return tx.rows(user).insert({
      ...fieldsFrom(user, body),
      ...secret,
      id: call.ids.hex(),
      domainId,
      options,
      extra: extraFrom(user, body, ['password']),
    })
  })
  return created({ user: userView(call, row) })
}

export async function updateUser(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { user: body } = input.body as { user: UserBody }
  const { id } = await userFor(call, input.params.user_id!, 'identity:update_user')
  mustBeStrong(context, body.password)
  const secret =
    body.password === undefined ? undefined : await passwordFields(context, body.password, body.options ?? {})
  const row = await call.transaction(async (tx) => {
    const before = await tx.rows(user).get(id)
    mustStay(body, { id, domain_id: before.domainId })
    await mustFit(tx, body, before.domainId, id)
    if (secret) await tx.rows(loginFailure).removeAll({ id })
    const isClosing = body.enabled === false && before.enabled
    return tx.rows(user).update(before, {
      ...fieldsFrom(user, body),
      domainId: before.domainId,
      options: optionsOf(before.options, body),
      extra: { ...before.extra, ...extraFrom(user, body, ['password', 'original_password']) },
      ...(isClosing && { generation: before.generation + 1 }),
      ...(secret && { ...secret, ...afterChange(before) }),
    })
  })
  return ok({ user: userView(call, row) })
}

function optionsOf(before: Record<string, unknown>, { options }: UserBody): Record<string, unknown> {
  for (const name of Object.keys(options ?? {}))
    if (!knownOptions.includes(name))
      throw badRequest(`Invalid input for field/attribute options: '${name}' is not known.`)
  return optionsAfter(before, options)
}

async function mustFit(tx: Transaction, body: UserBody, domainId: string, but?: string) {
  if (body.name !== undefined) {
    const other = await tx.rows(user).first({ name: String(body.name), domainId })
    if (other && other.id !== but) throw conflict(`There is a user named ${body.name} in this domain already.`)
  }
  if (typeof body.default_project_id !== 'string') return
  if ((await tx.rows(project).find(body.default_project_id))?.isDomain)
    throw badRequest("A user's default project cannot be a domain.")
}

export async function listUsers(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const domainId = input.query.domain_id ?? call.credentials.domainId
  call.require('identity:list_users', { target: { domain_id: domainId } })
  const { password_expires_at: expiry } = input.query
  const rest = new URLSearchParams(input.queryAll)
  rest.delete('password_expires_at')
  const { rows, next } = await pageOf(
    call,
    user,
    { queryAll: rest },
    {
      ...ownDomainOnly(call),
      ...(expiry && { passwordExpiresAt: expiryOf(expiry) }),
    },
  )
  return ok(
    collection(
      call,
      input,
      'users',
      'users',
      rows.map((row) => userView(call, row)),
      next,
    ),
  )
}

const words: Record<string, (value: unknown) => Comparison> = {
  lt: lessThan,
  lte: atMost,
  gt: greaterThan,
  gte: atLeast,
  neq: not,
}

/** `lt:2026-01-01T00:00:00Z`. */
function expiryOf(text: string): Comparison | string {
  const match = /^(?:(lt|lte|gt|gte|eq|neq):)?(\d{4}-.*)$/.exec(text)
  const ms = match ? Date.parse(match[2]!) : Number.NaN
  if (!match || Number.isNaN(ms))
    throw badRequest(`'${text}' is not a valid value of the filter 'password_expires_at'.`)
  const time = new Date(ms).toISOString()
  return words[match[1] ?? '']?.(time) ?? time
}

export async function showUser(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  return ok({ user: userView(call, await userFor(call, params.user_id!, 'identity:get_user')) })
}

export async function removeUser(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found: User = await userFor(call, params.user_id!, 'identity:delete_user')
  await call.transaction((tx) => removeUserRow(tx, found))
  return noContent()
}
