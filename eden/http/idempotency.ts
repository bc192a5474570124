// A POST that is sent again under the same Idempotency-Key is not done again: the first reply comes back.
import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import type { Call } from '../call.ts'
import { badRequest, conflict } from '../errors.ts'
import { createdAt, integer, json, maybe, text } from '../resource/fields.ts'
import { resource } from '../resource/resource.ts'
import { everyone } from '../store/rows.ts'
import type { RawRequest, Reply } from './request.ts'
import type { RouteOptions } from './route.ts'

/** The key is written in the operation's own transaction, so it is there exactly when the operation is. */
export const idempotencyKey = resource('idempotency-key', {
  service: 'eden',
  plural: 'idempotency-keys',
  unlogged: true,
  fields: {
    /** Digest of user, project and key. */
    id: text({ max: 64 }),
    fingerprint: text(),
    requestId: text(),
    status: maybe(integer()),
    headers: json<Record<string, string | string[]>>(Type.Unknown(), { default: () => ({}) }),
    body: maybe(json<unknown>(Type.Unknown())),
    createdAt: createdAt(),
  },
})

const beyond = everyone('keys are looked up by a digest that holds the caller')
const digest = (...parts: string[]) => createHash('sha256').update(parts.join('\n')).digest('hex')
const claimed = new WeakMap<Call, { id: string; fingerprint: string }>()

/** The reply that was given to this key before; else notes that the call's transaction must write the key. */
export async function replayed(
  call: Call,
  route: RouteOptions & { method: string },
  raw: RawRequest,
  body: unknown,
): Promise<Reply | undefined> {
  const key = raw.headers['idempotency-key']
  if (!key || route.method !== 'POST' || route.readOnly || call.dryRun) return undefined
  if (key.length > 255) throw badRequest('An Idempotency-Key has at most 255 characters.')
  const id = digest(call.userId, call.credentials.projectId ?? '', call.service, key)
  const fingerprint = digest(raw.method, raw.url, JSON.stringify(body ?? null))
  const before = await call.rows(idempotencyKey, beyond).find(id)
  if (before) return answerFrom(before, fingerprint)
  claimed.set(call, { id, fingerprint })
  return undefined
}

type Kept = {
  fingerprint: string
  status: number | null
  headers: Record<string, string | string[]>
  body: unknown
  requestId: string
}

function answerFrom(before: Kept, fingerprint: string): Reply {
  if (before.fingerprint !== fingerprint)
    throw conflict('This Idempotency-Key was used for a different request; take a new one.')
  if (before.status === null)
    throw conflict(
      `The request with this Idempotency-Key was carried out as ${before.requestId}, but its reply was lost: look at what it made.`,
    )
  return {
    status: before.status,
    headers: { ...before.headers, 'cloudos-replayed': 'true' },
    body: before.body ?? undefined,
  }
}

/** Called by the store at the start of a call's transaction. */
export async function claimKey(call: Call, transaction: { rows: Call['rows'] }): Promise<void> {
  const claim = claimed.get(call)
  if (!claim) return
  const keys = transaction.rows(idempotencyKey, beyond)
  const before = await keys.find(claim.id)
  if (before?.requestId === call.requestId) return
  if (before) answerFrom(before, claim.fingerprint)
  if (before) throw conflict('The same request is being carried out; ask again for its reply.')
  await keys.insert({ ...claim, requestId: call.requestId })
}

export async function rememberReply(call: Call, reply: Reply): Promise<void> {
  const claim = claimed.get(call)
  if (!claim) return
  claimed.delete(call)
  await call.transaction(async (tx) => {
    const keys = tx.rows(idempotencyKey, beyond)
    const row = await keys.find(claim.id)
    if (row) await keys.update(row, { status: reply.status, headers: reply.headers, body: reply.body ?? null })
  })
}
