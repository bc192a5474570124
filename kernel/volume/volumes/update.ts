// PUT /volumes/:id: name, description, metadata.
import { badRequest } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { VolumeContext } from '../context.ts'
import { metadataFrom, nameFrom, wrappedIn } from '../wire.ts'
import { allowedVolume, brieflyShown, findVolume } from './find.ts'
import { type Volume, volume } from './volume.ts'

export const updateVolume: ServiceOperation<VolumeContext> = async (_, call, { params, body: whole }) => {
  await allowedVolume(call, params.id!, 'volume:update')
  const body = wrappedIn(whole, 'volume')
  const name = body.name ?? body.display_name
  const description = body.description ?? body.display_description
  if (Object.keys(body).length === 0) throw badRequest('Nothing to change was given.')
  const view = await call.transaction(async (tx) => {
    const row = await tx.rows(volume).update(await findVolume(tx, params.id!), {
      ...(name !== undefined && { name: nameFrom(name) }),
      ...(description !== undefined && { description: nameFrom(description, 'description') }),
      ...(body.metadata !== undefined && { metadata: metadataFrom(body.metadata) }),
    })
    return brieflyShown(call, row as Volume, tx)
  })
  return ok({ volume: view })
}
