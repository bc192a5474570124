// The operations on key pairs. They are a user's: administrators name another user by `user_id` from 2.10 on.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound, Problem } from '../../../eden/errors.ts'
import { type Input, noContent, ok, reply } from '../../../eden/http/request.ts'
import { limitsOf } from '../../../eden/quota/quota.ts'
import { quotaDefaults } from '../config.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { links, plainTime } from '../links.ts'
import { speaks } from '../versions/since.ts'
import { type Keypair, keypair } from './keypair.ts'
import { fingerprintOf, newSshKey } from './ssh.ts'

const createBody = Type.Object(
  {
    keypair: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 255 }),
        type: Type.Optional(Type.Unsafe<'ssh' | 'x509'>({ type: 'string', enum: ['ssh', 'x509'] })),
        public_key: Type.Optional(Type.String({ minLength: 1, maxLength: 16384 })),
        user_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

/** Whose key pairs are meant. @throws 403 where they are another's and the caller is no administrator. */
function userOf(call: Call, rule: string, named: string | undefined): string {
  const userId = named !== undefined && speaks(call, '2.10') ? named : call.userId
  call.require(`os_compute_api:os-keypairs:${rule}`, { user_id: userId })
  return userId
}

const shown = (call: Call, { name, publicKey, fingerprint, type }: Keypair) => ({
  name,
  public_key: publicKey,
  fingerprint,
  ...(speaks(call, '2.2') && { type }),
})

async function get(call: Call, userId: string, name: string): Promise<Keypair> {
  const row = await call.rows(keypair).first({ userId, name })
  if (!row) throw notFound(`Keypair ${name} not found for user ${userId}`)
  return row
}

async function list({ config }: ComputeContext, call: Call, { query }: Input) {
  const userId = userOf(call, 'index', query.user_id)
  const isPaged = speaks(call, '2.35')
  if (isPaged && query.limit !== undefined && !/^\d+$/.test(query.limit))
    throw badRequest(`Invalid input for query parameters limit. Value: ${query.limit}.`)
  const limit = isPaged && query.limit ? Math.min(Number(query.limit), config.maxLimit) : config.maxLimit
  let rows = await call.rows(keypair).list({ where: { userId }, sort: [{ field: 'name' }] })
  if (isPaged && query.marker) {
    const at = rows.findIndex(({ name }) => name === query.marker)
    if (at < 0) throw badRequest(`marker [${query.marker}] not found`)
    rows = rows.slice(at + 1)
  }
  const page = isPaged ? rows.slice(0, limit) : rows
  const next = new URLSearchParams({ ...query, marker: page.at(-1)?.name ?? '' })
  return ok({
    keypairs: page.map((row) => ({ keypair: shown(call, row) })),
    ...(isPaged &&
      page.length === limit &&
      page.length > 0 && {
        keypairs_links: [{ rel: 'next', href: `${links(call, 'os-keypairs')[0]!.href}?${next}` }],
      }),
  })
}

async function create({ config }: ComputeContext, call: Call, { body }: Input) {
  const given = (body as { keypair: { name: string; type?: 'ssh' | 'x509'; public_key?: string; user_id?: string } })
    .keypair
  if (given.type !== undefined && !speaks(call, '2.2'))
    throw badRequest("Additional properties are not allowed ('type' was unexpected)")
  if (given.user_id !== undefined && !speaks(call, '2.10'))
    throw badRequest("Additional properties are not allowed ('user_id' was unexpected)")
  const allowed = speaks(call, '2.92') ? /^[A-Za-z0-9 ._@-]+$/ : /^[A-Za-z0-9 _-]+$/
  if (!allowed.test(given.name) || given.name !== given.name.trim())
    throw badRequest('Keypair data is invalid: Keypair name contains unsafe characters')
  const userId = userOf(call, 'create', given.user_id)
  const type = given.type ?? 'ssh'
  let made: { privateKey: string; publicKey: string } | undefined
  if (given.public_key === undefined) {
    if (speaks(call, '2.92')) throw badRequest("'public_key' is a required property")
    if (type === 'x509') throw badRequest('Certificates are not made here: give yours as public_key.')
    made = await newSshKey()
  }
  const publicKey = made?.publicKey ?? given.public_key!.trim()
  const fingerprint = fingerprintOf(type, publicKey)
  const row = await call.transaction(async (tx) => {
    const rows = tx.rows(keypair)
    if (await rows.first({ userId, name: given.name })) throw conflict(`Key pair '${given.name}' already exists.`)
    const limits = await limitsOf(tx, 'compute', call.credentials.projectId ?? '', quotaDefaults(config))
    const used = await rows.count({ userId })
    if (limits.key_pairs! >= 0 && used >= limits.key_pairs!)
      throw new Problem(403, 'overQuota', 'Quota exceeded, too many key pairs.', {
        reason: { quota: { resource: 'key_pairs', limit: limits.key_pairs, used, asked: 1 } },
      })
    return rows.insert({ id: call.ids.uuid(), userId, name: given.name, type, publicKey, fingerprint })
  })
  return reply(speaks(call, '2.2') ? 201 : 200, {
    keypair: { ...shown(call, row), user_id: userId, ...(made && { private_key: made.privateKey }) },
  })
}

async function show(_: ComputeContext, call: Call, { params, query }: Input) {
  const row = await get(call, userOf(call, 'show', query.user_id), params.name!)
  return ok({
    keypair: {
      ...shown(call, row),
      user_id: row.userId,
      id: Number.parseInt(row.id.replaceAll('-', '').slice(0, 8), 16) >>> 1,
      created_at: plainTime(row.createdAt),
      updated_at: null,
      deleted: false,
      deleted_at: null,
    },
  })
}

async function remove(_: ComputeContext, call: Call, { params, query }: Input) {
  const userId = userOf(call, 'delete', query.user_id)
  const row = await get(call, userId, params.name!)
  await call.transaction((tx) => tx.rows(keypair).remove(row))
  return speaks(call, '2.2') ? noContent() : reply(202)
}

export const keypairRoutes: ComputeRoute[] = [
  r('GET', '/os-keypairs', list),
  r('POST', '/os-keypairs', create, { body: createBody }),
  r('GET', '/os-keypairs/:name', show),
  r('DELETE', '/os-keypairs/:name', remove),
].flat()
