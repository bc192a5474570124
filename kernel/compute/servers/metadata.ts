// A server's metadata items, as its owner writes them.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden, notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { limitsOf } from '../../../eden/quota/quota.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { quotaDefaults } from '../config.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { metadataItems } from './create-body.ts'
import { checkLock, getServer } from './find.ts'
import { type Server, server } from './server.ts'

type Items = Record<string, string>

const rule = (name: string) => `os_compute_api:server-metadata:${name}`

async function write(
  { config }: ComputeContext,
  call: Call,
  id: string,
  ruleName: string,
  change: (before: Items) => Items,
): Promise<Items> {
  const row = await call.transaction(async (tx) => {
    const before = await getServer(call, tx, id, rule(ruleName))
    checkLock(call, before)
    const metadata = change(before.metadata)
    await checkCount(config, tx, before, metadata)
    return tx.rows(server).update(before, { metadata })
  })
  return row.metadata
}

async function checkCount(config: ComputeContext['config'], tx: Transaction, row: Server, metadata: Items) {
  const count = Object.keys(metadata).length
  if (count <= Object.keys(row.metadata).length) return
  const { metadata_items: limit = -1 } = await limitsOf(tx, 'compute', row.projectId, quotaDefaults(config))
  if (limit >= 0 && count > limit) throw forbidden(`Maximum number of metadata items exceeds ${limit}`)
}

async function list(_: ComputeContext, call: Call, { params }: Input) {
  return ok({ metadata: (await getServer(call, call, params.id!, rule('index'))).metadata })
}

async function show(_: ComputeContext, call: Call, { params }: Input) {
  const { metadata } = await getServer(call, call, params.id!, rule('show'))
  const value = metadata[params.key!]
  if (value === undefined) throw notFound('Metadata item was not found')
  return ok({ meta: { [params.key!]: value } })
}

async function add(context: ComputeContext, call: Call, { params, body }: Input) {
  const { metadata } = body as { metadata: Items }
  return ok({ metadata: await write(context, call, params.id!, 'create', (before) => ({ ...before, ...metadata })) })
}

async function replace(context: ComputeContext, call: Call, { params, body }: Input) {
  const { metadata } = body as { metadata: Items }
  return ok({ metadata: await write(context, call, params.id!, 'update_all', () => metadata) })
}

async function set(context: ComputeContext, call: Call, { params, body }: Input) {
  const { meta } = body as { meta: Items }
  if (Object.keys(meta).length !== 1 || meta[params.key!] === undefined)
    throw badRequest('Request body and URI mismatch')
  await write(context, call, params.id!, 'update', (before) => ({ ...before, ...meta }))
  return ok({ meta })
}

async function remove(context: ComputeContext, call: Call, { params }: Input) {
  await write(context, call, params.id!, 'delete', ({ [params.key!]: gone, ...rest }) => {
    if (gone === undefined) throw notFound('Metadata item was not found')
    return rest
  })
  return noContent()
}

const many = Type.Object({ metadata: metadataItems }, { additionalProperties: false })
const one = Type.Object({ meta: metadataItems }, { additionalProperties: false })

export const serverMetadataRoutes: ComputeRoute[] = [
  r('GET', '/servers/:id/metadata', list),
  r('POST', '/servers/:id/metadata', add, { body: many }),
  r('PUT', '/servers/:id/metadata', replace, { body: many }),
  r('GET', '/servers/:id/metadata/:key', show),
  r('PUT', '/servers/:id/metadata/:key', set, { body: one }),
  r('DELETE', '/servers/:id/metadata/:key', remove),
].flat()
