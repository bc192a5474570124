// GET /volumes, /volumes/detail, /volumes/summary and /volumes/:id.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { listOptions, nextPage } from '../../../eden/resource/listing.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import type { VolumeContext } from '../context.ts'
import { volumeType } from '../types/type.ts'
import { linksOf } from '../wire.ts'
import { allowedVolume, aroundOf, shownVolume } from './find.ts'
import { jsonContains } from './json-filter.ts'
import { type Volume, volume, volumeView } from './volume.ts'

const besides = [
  'all_tenants',
  'with_count',
  'metadata',
  'project_id',
  'volume_type',
  'name~',
  'status~',
  'glance_metadata',
]

async function query(context: VolumeContext, call: Call, input: Input) {
  const options = listOptions(volume, input, {
    maxLimit: context.config.maxItemsPerPage,
    sort: [
      { field: 'createdAt', descending: true },
      { field: 'id', descending: true },
    ],
    besides,
    aliases: { display_name: 'name', display_description: 'description' },
  })
  const where: Record<string, unknown> = { ...options.where, ...ownerFilter(call, input) }
  const { queryAll } = input
  const typeName = queryAll.get('volume_type')
  if (typeName) {
    const type = (await call.rows(volumeType).first({ name: typeName })) ?? (await call.rows(volumeType).find(typeName))
    where.volumeTypeId = type?.id ?? ''
  }
  const metadata = [...metadataPairs(queryAll.get('metadata'))]
  const likes = [...queryAll].filter(([name]) => name === 'name~' || name === 'status~')
  const and = (eb: WhereBuilder) =>
    eb.and([
      ...metadata.map(([key, value]) => jsonContains(eb, 'volume_volumes.metadata', key, value)),
      ...likes.map(([name, value]) => eb(`volume_volumes.${name.slice(0, -1)}`, 'like', `%${value}%`) as Condition),
    ]) as Condition
  return { options: { ...options, where, ...((metadata.length > 0 || likes.length > 0) && { and }) } }
}

/** The caller's own project, unless an administrator asks for all or for another. */
export function ownerFilter(call: Call, { query }: Pick<Input, 'query'>): { projectId?: string } {
  const wantsAll = query.all_tenants !== undefined && (parseFlag(query.all_tenants) ?? query.all_tenants !== '')
  if (call.sees !== 'all' || !wantsAll) return { projectId: call.projectId }
  return query.project_id ? { projectId: query.project_id } : {}
}

/** `{'key': 'value'}` as Python prints it, or JSON. */
export function metadataPairs(given: string | null): [string, string][] {
  if (!given) return []
  try {
    const read = JSON.parse(given.includes('"') ? given : given.replaceAll("u'", "'").replaceAll("'", '"')) as unknown
    if (typeof read === 'object' && read !== null) return Object.entries(read as Record<string, string>)
  } catch {
    // Said below.
  }
  throw badRequest(`The filter metadata='${given}' is not an object.`)
}

const listWith =
  (isDetailed: boolean): ServiceOperation<VolumeContext> =>
  async (context, call, input) => {
    const { options } = await query(context, call, input)
    const rows = (await call.rows(volume).list(options as never)) as Volume[]
    const around = isDetailed ? await aroundOf(call, rows) : undefined
    const shown = rows.map((row) =>
      around
        ? volumeView(call, row, around(row))
        : { id: row.id, name: row.name, links: linksOf(call, 'volumes', row.id) },
    )
    const withCount = parseFlag(input.query.with_count ?? 'false') && call.version >= versionNumber('3.45')
    return ok({
      volumes: shown,
      ...pageLinks(call, input, `volumes${isDetailed ? '/detail' : ''}`, 'volumes_links', rows, options.limit),
      ...(withCount && { count: await call.rows(volume).count(options.where as never) }),
    })
  }

/** A link to the next page, where the caller set a limit and the page is full. */
export function pageLinks(
  call: Call,
  input: Input,
  path: string,
  name: string,
  rows: readonly { id: string }[],
  limit: number,
) {
  const last = rows.at(-1)
  if (!last || limit === 0 || rows.length < limit) return {}
  const prefix = input.params.project_id ? `/v3/${input.params.project_id}` : '/v3'
  return { [name]: [{ rel: 'next', href: `${call.origin}${prefix}/${path}?${nextPage(input, last.id)}` }] }
}

export const listVolumes = listWith(false)
export const listVolumesInDetail = listWith(true)

export const showVolume: ServiceOperation<VolumeContext> = async (_, call, { params }) =>
  ok({ volume: await shownVolume(call, await allowedVolume(call, params.id!, 'volume:get')) })

export const summariseVolumes: ServiceOperation<VolumeContext> = async (context, call, input) => {
  const { options } = await query(context, call, input)
  const { limit: _, ...all } = options
  const rows = (await call.rows(volume).list(all as never)) as Volume[]
  const metadata: Record<string, string[]> = {}
  for (const row of rows)
    for (const [key, value] of Object.entries(row.metadata))
      metadata[key] = [...new Set([...(metadata[key] ?? []), value])]
  return ok({
    'volume-summary': {
      total_size: rows.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0),
      total_count: rows.length,
      ...(call.version >= versionNumber('3.36') && { metadata }),
    },
  })
}
