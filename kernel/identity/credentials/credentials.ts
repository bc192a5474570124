// Credentials of users: make, list, show, change, remove.
import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom, wrapped } from '../../../eden/resource/input.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom } from '../extras/extra.ts'
import { pageOf } from '../extras/listing.ts'
import { collection, shown } from '../extras/shown.ts'
import { openBlob, sealBlob } from './blob.ts'
import { type Credential, credential } from './credential.ts'

type Body = Record<string, unknown>
const blob = Type.Optional(Type.String({ maxLength: 500_000 }))

export const createCredentialBody = wrapped(
  'credential',
  bodyOf(credential, {
    for: 'create',
    required: ['type'],
    open: true,
    extra: { blob: Type.String({ maxLength: 500_000 }) },
  }),
)
export const updateCredentialBody = wrapped(
  'credential',
  bodyOf(credential, { for: 'update', open: true, extra: { blob } }),
)

const credentialView = (context: IdentityContext, call: Call, row: Credential) => ({
  ...shown(call, credential, row, 'credentials'),
  blob: openBlob(context, row),
})

const targetOf = (found: { userId: string } | undefined) => ({ target: { credential: { user_id: found?.userId } } })

async function credentialFor(call: Call, id: string, rule: string): Promise<Credential> {
  const found = await call.rows(credential).find(id)
  call.require(rule, targetOf(found))
  if (!found) throw notFound(`Could not find credential: ${id}.`)
  return found
}

/** The id of an EC2 key follows from its access key, so that a signature finds it. */
export const ec2Id = (access: string) => createHash('sha256').update(access).digest('hex')

/** @throws 400 where an EC2 key is not a JSON object with `access` and `secret`, or has no project. */
function idFor(call: Call, body: Body): string {
  if (body.type !== 'ec2') return call.ids.hex()
  let access: unknown
  try {
    access = (JSON.parse(String(body.blob)) as { access?: unknown }).access
  } catch {
    throw badRequest('The blob of an EC2 credential is a JSON object with access and secret.')
  }
  if (typeof access !== 'string')
    throw badRequest('The blob of an EC2 credential is a JSON object with access and secret.')
  if (!body.project_id) throw badRequest('An EC2 credential needs a project_id.')
  return ec2Id(access)
}

export async function createCredential(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { credential: body } = input.body as { credential: Body }
  const userId = (body.user_id as string | undefined) ?? call.userId
  call.require('identity:create_credential', targetOf({ userId }))
  const id = idFor(call, body)
  const row = await call.transaction(async (tx) => {
    if (await tx.rows(credential).find(id)) throw conflict('There is a credential with this access key already.')
    return tx.rows(credential).insert({
      ...fieldsFrom(credential, body),
      id,
      userId,
      encryptedBlob: sealBlob(context, String(body.blob)),
      extra: extraFrom(credential, body, ['blob']),
    })
  })
  return created({ credential: credentialView(context, call, row) })
}

export async function updateCredential(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { credential: body } = input.body as { credential: Body }
  const { id, userId } = await credentialFor(call, input.params.credential_id!, 'identity:update_credential')
  // Nobody hands a credential to somebody for whom they could not make one.
  if (body.user_id !== undefined && body.user_id !== userId)
    call.require('identity:update_credential', targetOf({ userId: String(body.user_id) }))
  const row = await call.transaction(async (tx) => {
    const before = await tx.rows(credential).get(id)
    return tx.rows(credential).update(before, {
      ...fieldsFrom(credential, body),
      ...(body.blob !== undefined && { encryptedBlob: sealBlob(context, String(body.blob)) }),
      extra: { ...before.extra, ...extraFrom(credential, body, ['blob']) },
    })
  })
  return ok({ credential: credentialView(context, call, row) })
}

/** Administrators see all; others see their own. */
export async function listCredentials(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const userId = input.query.user_id ?? call.userId
  const seesAll = call.allows('identity:list_credentials', targetOf(undefined))
  if (!seesAll) call.require('identity:list_credentials', targetOf({ userId }))
  const { rows, next } = await pageOf(call, credential, input, seesAll ? {} : { userId })
  const views = rows.map((row) => credentialView(context, call, row))
  return ok(collection(call, input, 'credentials', 'credentials', views, next))
}

export async function showCredential(context: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found = await credentialFor(call, params.credential_id!, 'identity:get_credential')
  return ok({ credential: credentialView(context, call, found) })
}

export async function removeCredential(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found = await credentialFor(call, params.credential_id!, 'identity:delete_credential')
  await call.transaction((tx) => tx.rows(credential).remove(found))
  return noContent()
}
