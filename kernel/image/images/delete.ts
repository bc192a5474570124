// DELETE /v2/images/:id.
import { forbidden } from '../../../eden/errors.ts'
import { noContent } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ImageContext } from '../context.ts'
import { task } from '../imports/task.ts'
import { member } from '../members/member.ts'
import { allowedImage, freshImage } from './access.ts'
import { image } from './image.ts'

export const deleteImage: ServiceOperation<ImageContext> = async (context, call, { params }) => {
  const id = params.id!
  await allowedImage(call, id, 'delete_image')
  await call.transaction(async (tx) => {
    const row = await freshImage(tx, id)
    if (row.protected) throw forbidden(`Image ${id} is protected and cannot be deleted.`)
    await tx.rows(member, everyone('memberships end with their image')).removeAll({ imageId: id })
    await tx.rows(task, everyone('tasks end with their image')).removeAll({ imageId: id })
    await tx.rows(image).remove(row)
    const key = row.storeKey
    if (!key) return
    // Should this not come to pass, the reconciler removes the stray object.
    tx.onCommitted(() => {
      context.store.remove(key).catch((error) => call.log.warn({ err: error, image: id }, 'image bytes stayed behind'))
    })
  })
  return noContent()
}
