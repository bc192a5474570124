// GET /v2/images.
import { badRequest, isProblem } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import { listOptions, nextPage } from '../../../eden/resource/listing.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { special, specialFilters } from './filters.ts'
import { type Image, image, imageView } from './image.ts'

const maxLimit = 1000
const usualLimit = 25

export const listImages: ServiceOperation<ImageContext> = async ({ store }, call, input) => {
  const options = listOptions(image, input, {
    maxLimit,
    sort: [
      { field: 'createdAt', descending: true },
      { field: 'id', descending: true },
    ],
    besides: special,
    operators: true,
  })
  const limit = input.query.limit === undefined ? usualLimit : options.limit
  const rows = (await call
    .rows(image)
    .list({ ...options, limit, and: specialFilters(call, input.queryAll) })
    .catch((error: unknown) => {
      throw isProblem(error) && error.status === 404 ? badRequest(`Marker ${options.marker} is no image.`) : error
    })) as Image[]
  const first = new URLSearchParams(input.queryAll)
  first.delete('marker')
  const query = first.toString()
  const last = rows.at(-1)
  return ok({
    images: rows.map((row) => imageView(row, store.name)),
    first: `/v2/images${query && `?${query}`}`,
    ...(last && limit > 0 && rows.length === limit && { next: `/v2/images?${nextPage(input, last.id)}` }),
    schema: '/v2/schemas/images',
  })
}
