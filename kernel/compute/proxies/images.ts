// Images as compute showed them before the image service had its own clients: addresses up to 2.35, metadata up to 2.38.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { time } from '../../../eden/resource/fields.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { links, novaTime, pageLinks } from '../links.ts'
import { metadataItems } from '../servers/create-body.ts'
import { type Image, keptImage } from '../servers/image.ts'

const words: Record<string, [status: string, progress: number]> = {
  active: ['ACTIVE', 100],
  queued: ['SAVING', 25],
  saving: ['SAVING', 50],
  importing: ['SAVING', 50],
  uploading: ['SAVING', 50],
  deleted: ['DELETED', 0],
  killed: ['ERROR', 0],
}

const named = (call: Call, { id, name }: Image) => ({
  id,
  name: name ?? '',
  links: [
    ...links(call, `images/${id}`),
    { rel: 'alternate', type: 'application/vnd.openstack.image', href: `${call.origin}/images/${id}` },
  ],
})

const itemsOf = (image: Image) => keptImage(image).properties

function inFull(call: Call, image: Image): Record<string, unknown> {
  const [status, progress] = words[image.status] ?? ['UNKNOWN', 0]
  const metadata = itemsOf(image)
  const serverId = metadata.instance_uuid
  return {
    ...named(call, image),
    status,
    progress,
    minRam: image.min_ram,
    minDisk: image.min_disk,
    created: novaTime(String(image.created_at)),
    updated: novaTime(String(image.updated_at)),
    metadata,
    'OS-EXT-IMG-SIZE:size': image.size ?? 0,
    ...(serverId && { server: { id: serverId, links: links(call, `servers/${serverId}`) } }),
  }
}

async function get({ image }: ComputeContext, call: Call, id: string): Promise<Image> {
  if (!/^[0-9a-zA-Z-]{1,64}$/.test(id)) throw notFound('Image not found.')
  try {
    return (await image.ask<Image>(call, 'GET', `/v2/images/${id}`)).body
  } catch (cause) {
    if ((cause as { status?: number }).status === 404) throw notFound('Image not found.', { cause })
    throw cause
  }
}

/** All that the caller may see; the image service gives them in pages. */
async function all({ image }: ComputeContext, call: Call): Promise<Image[]> {
  const images: Image[] = []
  let next: string | undefined = '/v2/images?limit=1000&sort=created_at:desc'
  while (next) {
    const { body }: { body: { images: Image[]; next?: string } } = await image.ask(call, 'GET', next)
    images.push(...body.images)
    next = body.next
  }
  return images
}

const list = (isDetailed: boolean) => async (context: ComputeContext, call: Call, input: Input) => {
  const { query } = input
  const fits = fitsQuery(query)
  let images = (await all(context, call)).filter(fits)
  if (query.marker !== undefined) {
    const at = images.findIndex(({ id }) => id === query.marker)
    if (at < 0) throw badRequest(`marker [${query.marker}] not found`)
    images = images.slice(at + 1)
  }
  if (query.limit !== undefined && !/^\d+$/.test(query.limit)) throw badRequest('limit must be an integer of 0 or more')
  const limit = Math.min(Number(query.limit ?? context.config.maxLimit), context.config.maxLimit)
  const page = images.slice(0, limit)
  const path = isDetailed ? 'images/detail' : 'images'
  return ok({
    images: page.map((image) => (isDetailed ? inFull(call, image) : named(call, image))),
    ...pageLinks(call, input, { path, name: 'images', limit, items: page }),
  })
}

function fitsQuery(query: Record<string, string>): (image: Image) => boolean {
  const since = query['changes-since'] === undefined ? undefined : time().parse(query['changes-since'])
  if (query['changes-since'] !== undefined && since === undefined)
    throw badRequest(`Invalid changes-since: ${query['changes-since']}`)
  const server = query.server?.split('/').at(-1)
  return (image) => {
    const items = itemsOf(image)
    return (
      (query.name === undefined || image.name === query.name) &&
      (query.status === undefined || (words[image.status]?.[0] ?? 'UNKNOWN') === query.status.toUpperCase()) &&
      (query.type === undefined || (query.type.toLowerCase() === 'snapshot') === (items.image_type === 'snapshot')) &&
      (server === undefined || items.instance_uuid === server) &&
      (query.minRam === undefined || image.min_ram === Number(query.minRam)) &&
      (query.minDisk === undefined || image.min_disk === Number(query.minDisk)) &&
      (since === undefined || Date.parse(String(image.updated_at)) >= Date.parse(since))
    )
  }
}

async function remove(context: ComputeContext, call: Call, { params }: Input) {
  const { id } = await get(context, call, params.id!)
  await context.image.ask(call, 'DELETE', `/v2/images/${id}`)
  return noContent()
}

type Items = Record<string, string>

/** JSON pointers have `~` and `/` escaped. Source: RFC 6901. */
const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

async function write(
  context: ComputeContext,
  call: Call,
  id: string,
  change: (before: Items) => Items,
): Promise<Items> {
  const before = itemsOf(await get(context, call, id))
  const after = change(before)
  const patch = [
    ...Object.keys(before)
      .filter((name) => !(name in after))
      .map((name) => ({ op: 'remove', path: pointer(name) })),
    ...Object.entries(after)
      .filter(([name, value]) => before[name] !== value)
      .map(([name, value]) => ({ op: name in before ? 'replace' : 'add', path: pointer(name), value })),
  ]
  if (patch.length > 0)
    await context.image.ask(call, 'PATCH', `/v2/images/${id}`, {
      body: patch,
      headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
    })
  return after
}

async function showItem(context: ComputeContext, call: Call, { params }: Input) {
  const value = itemsOf(await get(context, call, params.id!))[params.key!]
  if (value === undefined) throw notFound('Metadata item was not found')
  return ok({ meta: { [params.key!]: value } })
}

async function setItem(context: ComputeContext, call: Call, { params, body }: Input) {
  const { meta } = body as { meta: Items }
  if (meta[params.key!] === undefined || Object.keys(meta).length !== 1)
    throw badRequest('Request body and URI mismatch')
  await write(context, call, params.id!, (before) => ({ ...before, ...meta }))
  return ok({ meta })
}

async function removeItem(context: ComputeContext, call: Call, { params }: Input) {
  await write(context, call, params.id!, ({ [params.key!]: gone, ...rest }) => {
    if (gone === undefined) throw notFound('Metadata item was not found')
    return rest
  })
  return noContent()
}

const setAll =
  (merge: (before: Items, given: Items) => Items) =>
  async (context: ComputeContext, call: Call, { params, body }: Input) => {
    const { metadata } = body as { metadata: Items }
    return ok({ metadata: await write(context, call, params.id!, (before) => merge(before, metadata)) })
  }

const until35 = { until: '2.35' }
const until38 = { until: '2.38' }
const many = { ...until38, body: Type.Object({ metadata: metadataItems }, { additionalProperties: false }) }
const one = { ...until38, body: Type.Object({ meta: metadataItems }, { additionalProperties: false }) }

export const imageProxyRoutes: ComputeRoute[] = [
  r('GET', '/images', list(false), until35),
  r('GET', '/images/detail', list(true), until35),
  r(
    'GET',
    '/images/:id',
    async (c, call, { params }) => ok({ image: inFull(call, await get(c, call, params.id!)) }),
    until35,
  ),
  r('DELETE', '/images/:id', remove, until35),
  r(
    'GET',
    '/images/:id/metadata',
    async (c, call, { params }) => ok({ metadata: itemsOf(await get(c, call, params.id!)) }),
    until38,
  ),
  r(
    'POST',
    '/images/:id/metadata',
    setAll((before, given) => ({ ...before, ...given })),
    many,
  ),
  r(
    'PUT',
    '/images/:id/metadata',
    setAll((_, given) => given),
    many,
  ),
  r('GET', '/images/:id/metadata/:key', showItem, until38),
  r('PUT', '/images/:id/metadata/:key', setItem, one),
  r('DELETE', '/images/:id/metadata/:key', removeItem, until38),
].flat()
