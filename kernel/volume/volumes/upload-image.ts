// os-volume_upload_image: a volume's bytes become an image.
import type { Call } from '../../../eden/call.ts'
import { badRequest, isProblem } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { VolumeContext } from '../context.ts'
import { leaveMessage } from '../messages/message.ts'
import { findType } from '../types/choose.ts'
import { nameFrom, shownTime } from '../wire.ts'
import type { Action } from './actions.ts'
import { attachmentsOf, findVolume, requireStatus, statusBy } from './find.ts'
import { volume } from './volume.ts'

interface UploadImage {
  id: string
  imageId: string
  format: 'raw' | 'qcow2'
}

export const uploadImageJob = job<VolumeContext, UploadImage>('volume.upload-image', { deadline: '6h' })
  .step('upload', {
    within: '4h',
    do: async (context, { id, imageId, format }, _, run) => {
      const row = await run.call.rows(volume).get(id)
      const image = await imageStatus(context, run.call, imageId)
      // An earlier try that was cut off after its end.
      if (image === 'active') return
      const bytes = await context.hosts.get(row.host!).stream('read', { id, format })
      await context.image.ask(run.call, 'PUT', `/v2/images/${imageId}/file`, {
        stream: bytes,
        headers: { 'content-type': 'application/octet-stream' },
      })
    },
    undo: async (context, { imageId }, _, run) => {
      try {
        await context.image.ask(run.call, 'DELETE', `/v2/images/${imageId}`)
      } catch (error) {
        if (!isProblem(error) || error.status !== 404) throw error
      }
    },
  })
  .write('settle', {
    do: async (tx, { id }) => tx.rows(volume).change(id, { status: statusBy(await attachmentsOf(tx, id)) }),
  })
  .failed(async (tx, { id }, failure, context) => {
    const row = await tx.rows(volume).find(id)
    if (!row || row.status === 'deleting') return
    await tx.rows(volume).update(row, { status: statusBy(await attachmentsOf(tx, id)) })
    const about = {
      resourceType: 'VOLUME',
      resourceId: id,
      projectId: row.projectId,
      action: 'copy volume to image',
    } as const
    await leaveMessage(tx, context, about, failure.message)
  })

const imageStatus = async ({ image }: VolumeContext, call: Call, id: string) =>
  (await image.ask<{ status: string }>(call, 'GET', `/v2/images/${id}`)).body.status

export const uploadImage: Action = async (context, call, seen, body) => {
  const given = (body ?? {}) as Record<string, unknown>
  const name = nameFrom(given.image_name, 'image_name')
  if (name === null || name === '') throw badRequest("The image's name is needed under 'image_name'.")
  const format = given.disk_format ?? 'raw'
  if (format !== 'raw' && format !== 'qcow2')
    throw badRequest(`Volumes become raw or qcow2 images, not '${String(format)}'.`)
  requireStatus(seen, ['available'], 'copy it to an image')
  const isPublic = given.visibility === 'public'
  if (isPublic) call.require('volume_extension:volume_actions:upload_public')
  const visibility = (given.visibility as string | undefined) ?? 'private'
  const image = {
    name,
    disk_format: format,
    container_format: (given.container_format as string | undefined) ?? 'bare',
    visibility,
    protected: parseFlag(String(given.protected ?? false)) ?? false,
    min_disk: seen.sizeGiB,
    ...bootProperties(seen.imageMetadata),
  }
  const { body: made } = await context.image.ask<{ id: string }>(call, 'POST', '/v2/images', { body: image })
  const type = await findType(call, seen.volumeTypeId)
  const row = await promise(context, call, seen.id, made.id, format)
  return accepted({
    'os-volume_upload_image': {
      id: row.id,
      updated_at: shownTime(row.updatedAt),
      status: 'uploading',
      display_description: row.description,
      size: row.sizeGiB,
      volume_type: {
        id: type.id,
        name: type.name,
        description: type.description,
        is_public: type.isPublic,
        extra_specs: type.extraSpecs,
        qos_specs_id: null,
        deleted: false,
        deleted_at: null,
        created_at: shownTime(type.createdAt),
        updated_at: shownTime(type.updatedAt),
      },
      image_id: made.id,
      container_format: image.container_format,
      disk_format: format,
      image_name: name,
      visibility,
      protected: image.protected,
      is_public: isPublic,
    },
  })
}

/** Enqueues the upload; where the volume can no longer be read, the image that waits for it goes again. */
async function promise(context: VolumeContext, call: Call, id: string, imageId: string, format: 'raw' | 'qcow2') {
  try {
    return await call.transaction(async (tx) => {
      const now = await findVolume(tx, id)
      requireStatus(now, ['available'], 'copy it to an image')
      const input: UploadImage = { id, imageId, format }
      await enqueue(tx, uploadImageJob, input, { resourceType: 'volume', resourceId: id, projectId: now.projectId })
      return tx.rows(volume).update(now, { status: 'uploading' })
    })
  } catch (error) {
    if (!call.dryRun) await context.image.ask(call, 'DELETE', `/v2/images/${imageId}`)
    throw error
  }
}

const ofTheOldImage = new Set([
  'image_id',
  'image_name',
  'checksum',
  'container_format',
  'disk_format',
  'min_disk',
  'min_ram',
  'size',
])
const bootProperties = (metadata: Record<string, string> | null) =>
  Object.fromEntries(Object.entries(metadata ?? {}).filter(([key]) => !ofTheOldImage.has(key)))
