// GET /v2/images/:id/file: the bytes, whole or a range of them.
import { conflict, forbidden, Problem, unavailable } from '../../../eden/errors.ts'
import { noContent, ok, reply } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage, findImage } from '../images/access.ts'

export const download: ServiceOperation<ImageContext> = async ({ store }, call, { params, headers }) => {
  const row = await allowedImage(call, params.id!, 'download_image')
  if (row.status === 'deactivated' && call.sees !== 'all')
    throw forbidden('The requested image has been deactivated. Image data download is forbidden.')
  if (row.status === 'queued' || row.size === null || !row.storeKey) return noContent()
  if (row.status !== 'active' && row.status !== 'deactivated')
    throw conflict(`Image ${row.id} has no data yet: it is ${row.status}.`)
  const range = rangeOf(headers.range, row.size)
  const bytes = await store.get(row.storeKey, range).catch((cause) => {
    throw unavailable(`The data of image ${row.id} cannot be read from its store.`, { cause })
  })
  const type = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' }
  if (!range)
    return ok(bytes, {
      ...type,
      'content-length': String(row.size),
      ...(row.checksum && { 'content-md5': row.checksum }),
    })
  return reply(206, bytes, {
    ...type,
    'content-length': String(range.end - range.start + 1),
    'content-range': `bytes ${range.start}-${range.end}/${row.size}`,
  })
}

/**
 * One range of a `Range` header. Several ranges, or another unit, give the whole, as RFC 9110 permits.
 * @throws 416 for a range that lies outside.
 */
export function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [, first, last] = match as unknown as [string, string, string]
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start > end)
    throw new Problem(416, 'rangeNotSatisfiable', `The image has ${size} bytes; the range ${header} lies outside.`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  return { start, end }
}

/** Where services on this machine may read the bytes without a copy. */
export const location: ServiceOperation<ImageContext> = async ({ store }, call, { params }) => {
  const row = await findImage(call, params.id!)
  const hasBytes = row.status === 'active' || row.status === 'deactivated'
  return ok({ path: (hasBytes && row.storeKey && store.localPath(row.storeKey)) || null })
}
