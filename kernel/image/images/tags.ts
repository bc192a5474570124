// PUT and DELETE /v2/images/:id/tags/:tag.
import { notFound } from '../../../eden/errors.ts'
import { noContent } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage, freshImage } from './access.ts'
import { requireRoom, tagsOf } from './attributes.ts'
import { image, wholeSecond } from './image.ts'

export const addTag: ServiceOperation<ImageContext> = async ({ config }, call, { params }) => {
  const [tag] = tagsOf([params.tag])
  await allowedImage(call, params.id!, 'modify_image')
  await call.transaction(async (tx) => {
    const row = await freshImage(tx, params.id!)
    if (row.tags.includes(tag!)) return
    const tags = [...row.tags, tag!]
    requireRoom(config, { tags, properties: {} })
    await tx.rows(image).update(row, { tags, updatedAt: wholeSecond(call.clock.now()) })
  })
  return noContent()
}

export const removeTag: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  const { tag } = params
  await allowedImage(call, params.id!, 'modify_image')
  await call.transaction(async (tx) => {
    const row = await freshImage(tx, params.id!)
    if (!row.tags.includes(tag!)) throw notFound(`Image ${row.id} has no tag '${tag}'.`)
    const tags = row.tags.filter((other) => other !== tag)
    await tx.rows(image).update(row, { tags, updatedAt: wholeSecond(call.clock.now()) })
  })
  return noContent()
}
