// The filters of image lists that are not plain fields: visibility, membership, tags, sizes, custom properties.
import { sql } from 'kysely'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import type { SqlValue } from '../../../eden/store/connection.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import { memberStates } from '../members/member.ts'
import { sharedWith } from '../members/shared-with.ts'
import { image, visibilities } from './image.ts'

/** Query parameters that are not fields. */
export const special = ['visibility', 'member_status', 'tag', 'size_min', 'size_max', 'os_hidden', 'owner'] as const

/** Does the JSON text in the column contain this text? The same on both databases, and without wildcards. */
const contains = (eb: WhereBuilder, column: string, part: string) =>
  eb(sql<SqlValue>`replace(${sql.ref(column)}, ${part}, '')`, '<>', eb.ref(column)) as Condition

export function specialFilters(call: Call, query: URLSearchParams): (eb: WhereBuilder) => Condition {
  const visibility = query.get('visibility')
  if (visibility && visibility !== 'all' && !visibilities.some((known) => known === visibility))
    throw badRequest(`Invalid visibility value: ${visibility}`)
  const status = query.get('member_status') ?? 'accepted'
  if (status !== 'all' && !memberStates.some((known) => known === status)) throw badRequest(`Invalid status: ${status}`)
  const hidden = query.get('os_hidden')?.toLowerCase() ?? 'false'
  if (hidden !== 'true' && hidden !== 'false') throw badRequest(`Invalid os_hidden value: ${hidden}`)
  const sizes = [bound(query, 'size_min'), bound(query, 'size_max')] as const
  const properties = customFilters(query)
  return (eb) => {
    const conditions: Condition[] = [eb('image_images.os_hidden', '=', hidden === 'true' ? 1 : 0) as Condition]
    conditions.push(listed(eb, call, visibility, status === 'all' ? undefined : status))
    if (query.has('owner')) conditions.push(eb('image_images.owner', '=', query.get('owner')) as Condition)
    if (sizes[0] !== undefined) conditions.push(eb('image_images.size', '>=', sizes[0]) as Condition)
    if (sizes[1] !== undefined) conditions.push(eb('image_images.size', '<=', sizes[1]) as Condition)
    for (const tag of query.getAll('tag')) conditions.push(contains(eb, 'image_images.tags', JSON.stringify(tag)))
    for (const [name, value] of properties)
      conditions.push(contains(eb, 'image_images.properties', `${JSON.stringify(name)}:${JSON.stringify(value)}`))
    return eb.and(conditions) as Condition
  }
}

/** Others' community images are found by who asks for them; shared ones by who accepted them. */
function listed(eb: WhereBuilder, call: Call, visibility: string | null, status: string | undefined): Condition {
  const own = eb('image_images.owner', '=', call.credentials.projectId ?? '') as Condition
  const is = (value: string) => eb('image_images.visibility', '=', value) as Condition
  const wanted = visibility && visibility !== 'all' ? [is(visibility)] : []
  if (call.sees === 'all')
    return eb.and([...wanted, ...(visibility ? [] : [eb.or([own, eb.not(is('community'))]) as Condition])]) as Condition
  const seen = [own, is('public'), sharedWith(eb, call, status)]
  if (visibility) seen.push(is('community'))
  return eb.and([...wanted, eb.or(seen) as Condition]) as Condition
}

function bound(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null) return undefined
  if (!/^\d{1,15}$/.test(value)) throw badRequest(`${name} must be a whole number of 0 or more.`)
  return Number(value)
}

const paging = new Set(['limit', 'marker', 'sort', 'sort_key', 'sort_dir'])

/** Whatever is no attribute of images is a custom property. */
const customFilters = (query: URLSearchParams) =>
  [...query].filter(
    ([name]) => !paging.has(name) && !image.byWire.has(name) && !special.some((known) => known === name),
  )
