// The change log over HTTP: a page of it, the history of one resource, its state as of a time, and the live stream.
import { Duplex, Readable } from 'node:stream'
import { Call } from '../call.ts'
import { change } from '../changes/change.ts'
import { changesAfter, type FeedFilter, follow, newestSeq, visibleChanges } from '../changes/feed.ts'
import { published } from '../changes/published.ts'
import { badRequest, notFound, unauthorized } from '../errors.ts'
import { type Input, ok, type RawRequest, reply } from '../http/request.ts'
import type { ServiceOperation } from '../service.ts'
import { everyone } from '../store/rows.ts'
import { atMost } from '../store/where.ts'
import { type EdenContext, requireTenant } from './context.ts'

type Operation = ServiceOperation<EdenContext>

const filterOf = (query: Record<string, string | undefined>, tenant: string | undefined): FeedFilter => ({
  ...(query.type && { types: query.type.split(',') }),
  ...(query.resource_id && { resourceId: query.resource_id }),
  ...(tenant && tenant !== 'all' && { projectId: tenant }),
})

/** `since` is exclusive: the last number that the client has seen. */
function sinceOf(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined
  if (!/^\d{1,15}$/.test(value)) throw badRequest(`'${value}' is no sequence number.`)
  return Number(value)
}

const allowTenant = (call: Call, tenant: string) => {
  if (!(tenant === 'all' && call.sees === 'all')) requireTenant(call, tenant)
}

export const listChanges: Operation = async ({ assembly }, call, { params, query }) => {
  allowTenant(call, params.tenant!)
  const limit = Math.min(sinceOf(query.limit) ?? 500, 1000)
  const page = await changesAfter(
    assembly.store,
    call,
    sinceOf(query.since) ?? 0,
    filterOf(query, params.tenant),
    limit,
  )
  return ok({ changes: page.map(published), newest: await newestSeq(assembly.store) })
}

export const showHistory: Operation = async ({ assembly }, call, { params, query }) => {
  allowTenant(call, params.tenant!)
  const at = query.at === undefined ? undefined : timeOf(query.at)
  const rows = await assembly.store
    .reads()
    .rows(change, everyone('filtered by what the caller may see'))
    .list({
      where: {
        ...visibleChanges(call, filterOf({}, params.tenant)),
        type: params.type!,
        resourceId: params.id!,
        ...(at && { at: atMost(at) }),
      },
      sort: [{ field: 'seq' }],
      limit: 10_000,
    })
  if (rows.length === 0) throw notFound(`Nothing is known of ${params.type} ${params.id}${at ? ` as of ${at}` : ''}.`)
  if (!at) return ok({ history: rows.map(published) })
  const last = rows.at(-1)!
  return ok({ as_of: at, exists: last.action !== 'delete', state: last.after ?? last.before, seq: last.seq })
}

function timeOf(text: string): string {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw badRequest(`'${text}' is no time; write 2026-01-31T12:00:00Z.`)
  return new Date(ms).toISOString()
}

export const streamChanges: Operation = async ({ assembly }, call, input: Input) => {
  allowTenant(call, input.params.tenant!)
  const since = sinceOf(input.headers['last-event-id'] ?? input.query.since) ?? (await newestSeq(assembly.store))
  const gone = new AbortController()
  input.signal?.addEventListener('abort', () => gone.abort(), { once: true })
  const changes = follow(
    assembly.store,
    call,
    since,
    filterOf(input.query, input.params.tenant),
    AbortSignal.any([gone.signal, assembly.closing]),
  )
  async function* lines() {
    yield `retry: 1000\nid: ${since}\n\n`
    for await (const one of changes)
      yield one
        ? `id: ${one.seq}\nevent: ${one.service}.${one.type}.${one.action}\ndata: ${JSON.stringify(published(one))}\n\n`
        : ': quiet\n\n'
  }
  const stream = Readable.from(lines(), { objectMode: false })
  stream.on('close', () => gone.abort())
  return reply(200, stream, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
}

/** The same over a WebSocket: one JSON text a change. The token may stand in the query, since browsers set no headers. */
export async function upgradeToChanges({ assembly }: EdenContext, raw: RawRequest): Promise<Duplex> {
  const url = new URL(raw.url, 'http://eden')
  const tenant = /^\/eden\/1\/([^/]+)\/events$/.exec(url.pathname)?.[1]
  if (!tenant) throw notFound('WebSockets are at /eden/1/PROJECT/events.')
  const token = raw.headers['x-auth-token'] ?? url.searchParams.get('token') ?? ''
  const credentials = await assembly.authenticator.credentialsOf(token)
  if (!credentials) throw unauthorized()
  const { ground } = assembly
  const call = new Call(ground, {
    requestId: `req-${ground.ids.uuid()}`,
    credentials,
    service: 'eden',
    sees: ground.enforcer.allowed('context_is_admin', credentials, {}) ? 'all' : 'project',
  })
  call.require('eden:changes')
  allowTenant(call, tenant)
  const query = Object.fromEntries(url.searchParams)
  const gone = new AbortController()
  const changes = follow(
    assembly.store,
    call,
    sinceOf(query.since) ?? (await newestSeq(assembly.store)),
    filterOf(query, tenant),
    AbortSignal.any([gone.signal, assembly.closing]),
  )
  async function* texts() {
    for await (const one of changes) yield JSON.stringify(one ? published(one) : { quiet: true })
  }
  const source = Readable.from(texts())
  const stream = new Duplex({
    objectMode: true,
    read() {
      source.resume()
    },
    write: (_chunk, _encoding, done) => done(),
    destroy(error, done) {
      gone.abort()
      source.destroy()
      done(error)
    },
  })
  source.on('data', (text) => {
    if (!stream.push(text)) source.pause()
  })
  source.on('end', () => stream.push(null))
  source.on('error', (error) => stream.destroy(error))
  source.pause()
  return stream
}
