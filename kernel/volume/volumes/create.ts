// POST /volumes: promises a volume; the job makes it.
import { badRequest, conflict } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { VolumeContext } from '../context.ts'
import { claim } from '../quotas/quota.ts'
import { allowedType } from '../types/choose.ts'
import { allowsMultiattach } from '../types/type.ts'
import { flagFrom, metadataFrom, nameFrom, sizeFrom, wrappedIn } from '../wire.ts'
import { requireSource } from './copies.ts'
import { createVolumeJob } from './create-job.ts'
import { brieflyShown } from './find.ts'
import { chooseSource } from './source.ts'
import { type Volume, volume } from './volume.ts'

const isUuid = (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)

/** Who has to know the id before the volume is there, to find it again after a crash, gives it as `Cloudos-Resource-Id`. */
export const createVolume: ServiceOperation<VolumeContext> = async (context, call, { body: whole, headers }) => {
  const { config } = context
  const body = wrappedIn(whole, 'volume')
  const chosen = await chooseSource(context, call, body)
  const sizeGiB = sizeOf(body.size, chosen.minimumGiB)
  const zone = nameFrom(body.availability_zone, 'availability_zone')
  if (zone !== null && zone !== config.availabilityZone)
    throw badRequest(`Availability zone '${zone}' is invalid; this cloud has '${config.availabilityZone}'.`)
  const asked = nameFrom(body.volume_type, 'volume_type')
  const type = await allowedType(call, asked ?? chosen.typeId ?? config.defaultType)
  const multiattach = allowsMultiattach(type)
  if (body.multiattach !== undefined && flagFrom(body.multiattach, 'multiattach') && !multiattach)
    throw badRequest("Volumes are multiattach where their type says so (extra spec multiattach='<is> True').")
  if (multiattach) call.require('volume:multiattach')
  const id = headers['cloudos-resource-id'] ?? call.ids.uuid()
  if (!isUuid(id)) throw badRequest(`The header Cloudos-Resource-Id takes a UUID, not '${id}'.`)
  const name = nameFrom(body.name ?? body.display_name)
  const description = nameFrom(body.description ?? body.display_description, 'description')
  const metadata = metadataFrom(body.metadata)
  const { source } = chosen
  const view = await call.transaction(async (tx) => {
    if (await tx.rows(volume, everyone('ids are unique over all projects')).find(id))
      throw conflict(`There is a volume ${id} already.`)
    await requireSource(tx, source)
    await claim(tx, config, call.projectId, { volumes: 1, gigabytes: sizeGiB }, type.name, sizeGiB)
    const row = await tx.rows(volume).insert({
      id,
      projectId: call.projectId,
      userId: call.userId,
      name,
      description,
      metadata,
      sizeGiB,
      status: 'creating',
      availabilityZone: zone ?? config.availabilityZone,
      volumeTypeId: type.id,
      bootable: chosen.bootable && source.kind !== 'image',
      multiattach,
      snapshotId: source.kind === 'snapshot' ? source.snapshotId : null,
      sourceVolid: source.kind === 'volume' ? source.volumeId : null,
      imageMetadata: chosen.imageMetadata,
    })
    await enqueue(
      tx,
      createVolumeJob,
      { id, sizeGiB, zone, extraSpecs: type.extraSpecs, source, bootable: chosen.bootable },
      { resourceType: 'volume', resourceId: id },
    )
    return brieflyShown(call, row as Volume, tx)
  })
  return accepted({ volume: view })
}

function sizeOf(given: unknown, minimumGiB: number): number {
  if ((given === undefined || given === null) && minimumGiB > 0) return minimumGiB
  const size = sizeFrom(given)
  if (size < minimumGiB)
    throw badRequest(
      `Invalid input received: The volume's size ${size} GiB is less than the ${minimumGiB} GiB of its source.`,
    )
  return size
}
