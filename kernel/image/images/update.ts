// PATCH /v2/images/:id.
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, forbidden } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage, freshImage, targetOf } from './access.ts'
import {
  baseAttribute,
  customProperty,
  isBaseAttribute,
  requireRoom,
  requireVisibility,
  requireWritable,
  tagsOf,
} from './attributes.ts'
import { type Image, image, imageView, wholeSecond } from './image.ts'
import { type Change, readPatch } from './patch.ts'

export const updateImage: ServiceOperation<ImageContext> = async ({ config, store }, call, input) => {
  const id = input.params.id!
  const changes = readPatch(input.body, input.headers['content-type'])
  const seen = await allowedImage(call, id, 'get_image')
  const target = await targetOf(call, seen)
  const row = await call.transaction(async (tx) => {
    const before = await freshImage(tx, id)
    call.require('modify_image', target)
    let after = before
    for (const change of changes) after = changed(call, after, change, target)
    requireRoom(config, after)
    if (changes.length === 0) return before
    return tx.rows(image).update(before, { ...after, updatedAt: wholeSecond(call.clock.now()) })
  })
  return ok(imageView(row as Image, store.name))
}

function changed(call: Call, row: Image, change: Change, target: Record<string, unknown>): Image {
  const [name, place] = change.path as [string, string | undefined]
  requireWritable(name)
  if (place !== undefined) return { ...row, tags: changedTags(row.tags, change, place) }
  if (isBaseAttribute(name)) return changedBase(call, row, change, name, target)
  const present = Object.hasOwn(row.properties, name)
  if (change.op !== 'add' && !present)
    throw conflict(`Property ${name} does not exist.`, { reason: { attribute: name } })
  const properties = { ...row.properties }
  if (change.op === 'remove') delete properties[name]
  else properties[name] = customProperty(name, change.value)
  return { ...row, properties }
}

function changedBase(
  call: Call,
  row: Image,
  { op, value }: Change,
  name: string,
  target: Record<string, unknown>,
): Image {
  if (op === 'remove') throw forbidden(`Property '${name}' may not be removed.`, { reason: { attribute: name } })
  const { field, value: next } = baseAttribute(name, value)!
  if (field === 'owner' && call.sees !== 'all') throw forbidden("Only an administrator may change an image's owner.")
  if (field === 'visibility') requireVisibility(call, next, target)
  if ((field === 'diskFormat' || field === 'containerFormat') && row.status !== 'queued')
    throw forbidden(`Attribute '${name}' can be only replaced for a queued image.`)
  return { ...row, [field]: next } as Image
}

function changedTags(tags: string[], { op, value }: Change, place: string): string[] {
  const at = place === '-' ? tags.length : Number(place)
  if (!Number.isInteger(at) || at < 0 || at > tags.length || (op !== 'add' && at >= tags.length))
    throw badRequest(`There is no tag at place '${place}'.`)
  const result = [...tags]
  if (op === 'add') result.splice(at, 0, ...tagsOf([value]))
  else if (op === 'replace') result.splice(at, 1, ...tagsOf([value]))
  else result.splice(at, 1)
  return [...new Set(result)]
}
