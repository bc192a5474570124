// Which attributes of an image a caller may write, and what each must look like.

import type { TSchema } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden, tooLarge } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import type { ImageConfig } from '../config.ts'
import { type Image, image } from './image.ts'

const readOnly = new Set([
  ...['created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size', 'direct_url', 'self', 'file'],
  ...['schema', 'os_hash_algo', 'os_hash_value', 'stores', 'id'],
])
const reserved = new Set(['is_public', 'location', 'deleted', 'deleted_at', 'image_count'])
const writable = new Map(
  image.columns
    .filter(({ type, field }) => !type.readOnly && !type.hidden && field !== 'id' && field !== 'properties')
    .map((column) => [column.wire, column]),
)

export const isBaseAttribute = (name: string) => writable.has(name) || readOnly.has(name) || name === 'locations'

/** @throws 403 for what only the service writes. */
export function requireWritable(name: string) {
  if (readOnly.has(name)) throw forbidden(`Attribute '${name}' is read-only.`, { reason: { attribute: name } })
  if (reserved.has(name) || name.startsWith('os_glance_'))
    throw forbidden(`Attribute '${name}' is reserved.`, { reason: { attribute: name } })
  if (name === 'locations')
    throw forbidden('Locations are not managed by callers in this cloud; upload the data, or import it.')
}

/** Field and value of a base attribute, or undefined for a custom property. @throws 400 for a value that does not fit. */
export function baseAttribute(name: string, value: unknown): { field: string; value: unknown } | undefined {
  const column = writable.get(name)
  if (!column) return undefined
  if (name === 'tags') return { field: 'tags', value: tagsOf(value) }
  try {
    validate(column.type.schema as TSchema, value)
  } catch {
    throw badRequest(`Provided value ${JSON.stringify(value)} of '${name}' is not valid.`, {
      reason: { attribute: name },
    })
  }
  return { field: column.field, value }
}

export function customProperty(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw badRequest(`Property '${name}' must be a string, not ${JSON.stringify(value)}.`, {
      reason: { attribute: name },
    })
  if (name.length > 255 || name === '') throw badRequest('Names of properties have 1 to 255 characters.')
  if (value.length > 65_535) throw badRequest(`The value of property '${name}' is too long.`)
  return value
}

export function tagsOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.some((tag) => typeof tag !== 'string' || tag.length > 255))
    throw badRequest("Invalid value of 'tags': a list of texts of at most 255 characters is needed.")
  return [...new Set(value as string[])]
}

/** @throws 413 where an image would have more of something than is allowed. */
export function requireRoom(config: ImageConfig, row: Pick<Image, 'tags' | 'properties'>) {
  const limits = [
    ['image_properties', config.maxPropertiesPerImage, Object.keys(row.properties).length],
    ['image_tags', config.maxTagsPerImage, row.tags.length],
  ] as const
  for (const [resource, limit, count] of limits) if (count > limit) throw spent(resource, limit, count)
}

/** Glance says 413 where a quota is spent. */
export const spent = (resource: string, limit: number, wanted: number) =>
  tooLarge(
    `The limit has been exceeded on the number of allowed ${resource.replace('_', ' ')}: ${wanted} of ${limit}.`,
    {
      reason: { quota: { resource, limit, asked: wanted } },
    },
  )

/** @throws 403 where this caller may not give an image this visibility. */
export function requireVisibility(call: Call, visibility: unknown, target: Record<string, unknown>) {
  if (visibility === 'public') call.require('publicize_image', target)
  if (visibility === 'community') call.require('communitize_image', target)
}
