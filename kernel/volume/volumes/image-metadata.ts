// What a bootable volume remembers of the image that it was made of.
import { badRequest, notFound } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import { metadataFrom } from '../wire.ts'
import type { Action } from './actions.ts'
import { findVolume } from './find.ts'
import { volume } from './volume.ts'

export const setImageMetadata: Action = async (_, call, { id }, body) => {
  const given = metadataFrom((body as { metadata?: unknown } | null)?.metadata)
  const metadata = await call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    const imageMetadata = { ...row.imageMetadata, ...given }
    await tx.rows(volume).update(row, { imageMetadata })
    return imageMetadata
  })
  return ok({ metadata })
}

export const showImageMetadata: Action = async (_, call, { id }) =>
  ok({ metadata: (await findVolume(call, id)).imageMetadata ?? {} })

export const unsetImageMetadata: Action = async (_, call, { id }, body) => {
  const key = (body as { key?: unknown } | null)?.key
  if (typeof key !== 'string') throw badRequest("The name of the property is needed under 'key'.")
  await call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    if (!row.imageMetadata || !Object.hasOwn(row.imageMetadata, key))
      throw notFound(`Volume ${id} has no image metadata '${key}'.`)
    const { [key]: _gone, ...imageMetadata } = row.imageMetadata
    await tx.rows(volume).update(row, { imageMetadata })
  })
}
