// GET /v2/images/:id.
import { ok } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage } from './access.ts'
import { imageView } from './image.ts'

export const showImage: ServiceOperation<ImageContext> = async ({ store }, call, { params }) =>
  ok(imageView(await allowedImage(call, params.id!, 'get_image'), store.name))
