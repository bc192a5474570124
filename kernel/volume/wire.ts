// Forms of values on the wire that all resources here share.
import type { Call } from '../../eden/call.ts'
import { badRequest } from '../../eden/errors.ts'
import { parseFlag } from '../../eden/resource/fields.ts'

/** Cinder's times: no zone, always UTC. */
export const shownTime = (iso: string | null) => iso && `${iso.slice(0, 23)}000`

export const linksOf = (call: Call, collection: string, id: string) => [
  { rel: 'self', href: `${call.origin}/v3/${call.credentials.projectId ?? ''}/${collection}/${id}` },
  { rel: 'bookmark', href: `${call.origin}/${call.credentials.projectId ?? ''}/${collection}/${id}` },
]

/** The object under `name` in a request's body. @throws 400 where it is missing. */
export function wrappedIn(body: unknown, name: string): Record<string, unknown> {
  const inner = (body as Record<string, unknown> | null | undefined)?.[name]
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner))
    throw badRequest(`Malformed request body: an object '${name}' is needed.`)
  return inner as Record<string, unknown>
}

/** Text of at most 255 characters, null where it was not given. */
export function nameFrom(value: unknown, what = 'name'): string | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string' || value.length > 255)
    throw badRequest(`Invalid input for ${what}: a text of at most 255 characters is needed.`)
  return value
}

export function flagFrom(value: unknown, what: string): boolean {
  const read = typeof value === 'boolean' ? value : typeof value === 'string' ? parseFlag(value) : undefined
  if (read === undefined) throw badRequest(`Invalid value '${String(value)}' for ${what}: a boolean is needed.`)
  return read
}

/** A whole number of GiB from 1. */
export function sizeFrom(value: unknown, what = 'size'): number {
  const size = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > 2147483647)
    throw badRequest(`Invalid input for field/attribute ${what}: '${String(value)}' is no whole number of 1 or more.`)
  return size
}

export function metadataFrom(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw badRequest('Metadata must be an object of texts.')
  for (const [key, text] of Object.entries(value)) {
    if (key === '' || key.length > 255) throw badRequest('Metadata keys have 1 to 255 characters.')
    if (typeof text !== 'string' || text.length > 255)
      throw badRequest(`The value of metadata '${key}' must be a text of at most 255 characters.`)
  }
  return value as Record<string, string>
}
