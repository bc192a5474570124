// Where a new volume's bytes come from, checked before anything is promised.
import type { Call } from '../../../eden/call.ts'
import { badRequest, isProblem, notFound } from '../../../eden/errors.ts'
import type { VolumeContext } from '../context.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { findVolume, requireStatus } from './find.ts'

const GiB = 1024 ** 3

/** What the job that makes the volume needs to know. */
export type Source =
  | { kind: 'empty' }
  | { kind: 'image'; imageId: string; format: 'raw' | 'qcow2'; sizeBytes: number }
  | { kind: 'snapshot'; snapshotId: string; volumeId: string; host: string }
  | { kind: 'volume'; volumeId: string; host: string }

export interface ChosenSource {
  source: Source
  /** GiB that the volume has at the least, and has where the request says nothing. */
  minimumGiB: number
  bootable: boolean
  imageMetadata: Record<string, string> | null
  typeId?: string
}

interface ImageBody {
  id: string
  name: string | null
  status: string
  size: number | null
  virtual_size: number | null
  min_disk: number
  min_ram: number
  disk_format: string
  container_format: string
  checksum: string | null
  [property: string]: unknown
}

/** @throws 404 for a source that is not there, 400 for one that cannot be used. */
export async function chooseSource(
  { image }: VolumeContext,
  call: Call,
  body: Record<string, unknown>,
): Promise<ChosenSource> {
  const given = ['snapshot_id', 'source_volid', 'imageRef', 'image_id', 'backup_id'].filter((name) => body[name])
  if (given.length > 1) throw badRequest(`A volume has one source; ${given.join(' and ')} were given.`)
  if (body.backup_id) throw badRequest('This cloud has no volume backups.')
  if (body.snapshot_id) return fromSnapshot(call, String(body.snapshot_id))
  if (body.source_volid) return fromVolume(call, String(body.source_volid))
  const imageRef = body.imageRef ?? body.image_id
  if (imageRef) return fromImage(image, call, String(imageRef).split('/').at(-1)!)
  return { source: { kind: 'empty' }, minimumGiB: 0, bootable: false, imageMetadata: null }
}

async function fromSnapshot(call: Call, id: string): Promise<ChosenSource> {
  const row = await call.rows(snapshot).find(id)
  if (!row) throw notFound(`Snapshot ${id} could not be found.`)
  if (row.status !== 'available') throw badRequest(`Invalid snapshot: it is ${row.status}, not available.`)
  const parent = await findVolume(call, row.volumeId)
  return {
    source: { kind: 'snapshot', snapshotId: id, volumeId: parent.id, host: parent.host! },
    minimumGiB: row.sizeGiB,
    bootable: parent.bootable,
    imageMetadata: parent.imageMetadata,
    typeId: parent.volumeTypeId,
  }
}

async function fromVolume(call: Call, id: string): Promise<ChosenSource> {
  const row = await findVolume(call, id)
  requireStatus(row, ['available', 'in-use'], 'be copied')
  return {
    source: { kind: 'volume', volumeId: id, host: row.host! },
    minimumGiB: row.sizeGiB,
    bootable: row.bootable,
    imageMetadata: row.imageMetadata,
    typeId: row.volumeTypeId,
  }
}

async function fromImage(neighbour: VolumeContext['image'], call: Call, id: string): Promise<ChosenSource> {
  const image = await neighbour.ask<ImageBody>(call, 'GET', `/v2/images/${encodeURIComponent(id)}`).then(
    ({ body }) => body,
    (error: unknown) => {
      throw isProblem(error) && error.status === 404
        ? badRequest(`Invalid image identifier: ${id} was not found.`)
        : error
    },
  )
  if (image.status !== 'active') throw badRequest(`Image ${id} is ${image.status}, not active.`)
  const format = image.disk_format
  if (format !== 'raw' && format !== 'qcow2' && format !== 'iso')
    throw badRequest(`Image ${id} has the disk format ${format}; volumes are made of raw, iso and qcow2 images.`)
  const sizeBytes = image.size ?? 0
  return {
    source: { kind: 'image', imageId: id, format: format === 'qcow2' ? 'qcow2' : 'raw', sizeBytes },
    minimumGiB: Math.max(image.min_disk, Math.ceil(Math.max(sizeBytes, image.virtual_size ?? 0) / GiB)),
    bootable: true,
    imageMetadata: imageMetadataOf(image),
  }
}

const notCopied = new Set([
  ...['id', 'name', 'status', 'size', 'virtual_size', 'min_disk', 'min_ram', 'disk_format', 'container_format'],
  ...['checksum', 'owner', 'visibility', 'protected', 'tags', 'self', 'file', 'schema', 'created_at', 'updated_at'],
  ...['os_hidden', 'os_hash_algo', 'os_hash_value', 'stores', 'os_glance_importing_to_stores'],
  'os_glance_failed_import',
])

/** What a server that boots from the volume must know of the image. */
function imageMetadataOf(image: ImageBody): Record<string, string> {
  const custom = Object.entries(image).flatMap(([name, value]) =>
    !notCopied.has(name) && typeof value === 'string' ? [[name, value] as const] : [],
  )
  return {
    ...Object.fromEntries(custom),
    image_id: image.id,
    image_name: image.name ?? '',
    checksum: image.checksum ?? '',
    container_format: image.container_format,
    disk_format: image.disk_format,
    min_disk: String(image.min_disk),
    min_ram: String(image.min_ram),
    size: String(image.size ?? 0),
  }
}
