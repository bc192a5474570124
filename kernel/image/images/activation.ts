// POST /v2/images/:id/actions/deactivate and reactivate: bytes that are kept but not given out.
import type { Call } from '../../../eden/call.ts'
import { forbidden } from '../../../eden/errors.ts'
import { noContent } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage, freshImage } from './access.ts'
import { image, wholeSecond } from './image.ts'

export const deactivate: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  await allowedImage(call, params.id!, 'deactivate')
  return become(call, params.id!, 'deactivated')
}

export const reactivate: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  await allowedImage(call, params.id!, 'reactivate')
  return become(call, params.id!, 'active')
}

async function become(call: Call, id: string, status: 'active' | 'deactivated') {
  await call.transaction(async (tx) => {
    const row = await freshImage(tx, id)
    if (row.status !== 'active' && row.status !== 'deactivated')
      throw forbidden(`Not allowed to change the status of image ${id} from '${row.status}' to '${status}'.`)
    await tx.rows(image).update(row, { status, updatedAt: wholeSecond(call.clock.now()) })
  })
  return noContent()
}
