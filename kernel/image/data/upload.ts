// PUT /v2/images/:id/file and /stage: bytes from the caller, straight into use or set aside for an import.
import { noContent } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import type { Image, Received } from '../images/image.ts'
import { takeBytes } from './arrival.ts'

/** What an image is once its bytes are whole. */
export const activeWith = (received: Received): Partial<Image> => ({
  status: 'active',
  size: received.sizeBytes,
  virtualSize: received.virtualSizeBytes,
  checksum: received.checksum,
  osHashAlgo: 'sha512',
  osHashValue: received.hashValue,
  staged: null,
})

export const upload: ServiceOperation<ImageContext> = async (context, call, { params, stream, headers }) => {
  await takeBytes(context, call, params.id!, stream, headers['content-type'], 'saving', activeWith)
  return noContent()
}

export const stage: ServiceOperation<ImageContext> = async (context, call, { params, stream, headers }) => {
  await takeBytes(context, call, params.id!, stream, headers['content-type'], 'uploading', (received) => ({
    status: 'uploading',
    staged: received,
    size: received.sizeBytes,
  }))
  return noContent()
}
