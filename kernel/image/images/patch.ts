// The two patch languages of images, read into one list of changes.
import { badRequest, unsupportedMedia } from '../../../eden/errors.ts'

export interface Change {
  op: 'add' | 'replace' | 'remove'
  /** One name, or a list attribute and a place in it. */
  path: string[]
  value: unknown
}

const ops = ['add', 'replace', 'remove'] as const

/** @throws 415 for another language, 400 for what cannot be meant. */
export function readPatch(body: unknown, contentType: string | undefined): Change[] {
  const type = contentType?.split(';')[0]?.trim()
  const isOld = type === 'application/openstack-images-v2.0-json-patch'
  if (!isOld && type !== 'application/openstack-images-v2.1-json-patch')
    throw unsupportedMedia(
      'Images are changed with the content type application/openstack-images-v2.1-json-patch (or v2.0).',
    )
  if (!Array.isArray(body)) throw badRequest('Request body must be a JSON array of operation objects.')
  return body.map((item: unknown) => {
    if (typeof item !== 'object' || item === null) throw badRequest('Operations must be JSON objects.')
    return isOld ? readOld(item as Record<string, unknown>) : readNew(item as Record<string, unknown>)
  })
}

function readNew(item: Record<string, unknown>): Change {
  const op = ops.find((known) => known === item.op)
  if (!op) throw badRequest(`Operations must be one of ${ops.join(', ')}; '${String(item.op)}' is none.`)
  if (typeof item.path !== 'string') throw badRequest("Unable to find 'path' in JSON Schema change.")
  return { op, path: pathOf(item.path), value: givenValue(op, item) }
}

/** `{"add": "/name", "value": "…"}`. */
function readOld(item: Record<string, unknown>): Change {
  const found = ops.filter((known) => known in item)
  const [op] = found
  if (!op || found.length > 1) throw badRequest(`Operation objects must contain exactly one of ${ops.join(', ')}.`)
  return { op, path: pathOf(String(item[op])), value: givenValue(op, item) }
}

function givenValue(op: string, item: Record<string, unknown>): unknown {
  if (op !== 'remove' && !('value' in item)) throw badRequest(`Operation "${op}" requires a member named "value".`)
  return item.value
}

/** A JSON pointer's names; `~1` stands for `/`, `~0` for `~`. */
function pathOf(path: string): string[] {
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('//') || /~(?![01])/.test(path))
    throw badRequest(`Pointer \`${path}\` is not a valid JSON pointer.`)
  const names = path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (names.length > 1 && names[0] !== 'tags' && names[0] !== 'locations')
    throw badRequest(`Invalid JSON pointer for this resource: '${path}'`)
  return names
}
