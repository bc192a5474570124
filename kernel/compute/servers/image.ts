// What a new server needs to know of its image, and whether its flavor fits.
import type { Call } from '../../../eden/call.ts'
import { badRequest, isProblem } from '../../../eden/errors.ts'
import type { ComputeContext } from '../context.ts'
import type { Flavor } from '../flavors/flavor.ts'
import type { GivenDevice } from './create-body.ts'
import type { KeptImage } from './server.ts'

export interface Image {
  id: string
  name: string | null
  status: string
  disk_format: string | null
  container_format: string | null
  size: number | null
  min_disk: number
  min_ram: number
  [property: string]: unknown
}

/** Formats of root disks; the hypervisor reads no others. */
const diskFormats: Record<string, string> = { qcow2: 'qcow2', raw: 'raw', ami: 'raw', iso: 'iso' }

/** @throws 400 where the image is not there, or not ready. */
export async function getImage({ image }: ComputeContext, call: Call, id: string): Promise<Image> {
  try {
    const { body } = await image.ask<Image>(call, 'GET', `/v2/images/${encodeURIComponent(id)}`)
    if (body.status !== 'active') throw badRequest(`Image ${id} is not active.`)
    return body
  } catch (cause) {
    if (isProblem(cause) && (cause.status === 404 || cause.status === 400) && !/not active/.test(cause.message))
      throw badRequest(`Image ${id} could not be found.`, { cause })
    throw cause
  }
}

/** Disks that an image of a volume-backed server names instead of having bytes. */
export function devicesIn(image: Image): GivenDevice[] {
  const mapping = image.block_device_mapping
  if (!mapping) return []
  try {
    return (typeof mapping === 'string' ? JSON.parse(mapping) : mapping).map((one: Record<string, unknown>) => ({
      source_type: one.source_type,
      destination_type: 'volume',
      uuid: one.snapshot_id ?? one.volume_id,
      boot_index: one.boot_index,
      volume_size: one.volume_size,
      delete_on_termination: one.delete_on_termination ?? false,
      device_name: one.device_name,
    })) as GivenDevice[]
  } catch (cause) {
    throw badRequest(`Image ${image.id} has a block_device_mapping that cannot be read.`, { cause })
  }
}

const GiB = 1024 ** 3

/** @throws 400 where the flavor is too small, or the image is nothing to boot from. */
export function checkFit(image: Image, flavor: Flavor, rootIsOwn: boolean): void {
  if (image.min_ram > flavor.memoryMiB) throw badRequest("Flavor's memory is too small for requested image.")
  if (!rootIsOwn) return
  const format = image.disk_format ?? ''
  if (!(format in diskFormats))
    throw badRequest(
      `Image ${image.id} is unacceptable: servers boot from qcow2, raw and iso images, this one is '${format}'.`,
    )
  if (flavor.diskGiB === 0) return
  if ((image.size ?? 0) > flavor.diskGiB * GiB)
    throw badRequest(
      `Flavor's disk is too small for requested image. Flavor disk is ${flavor.diskGiB * GiB} bytes, image is ${image.size} bytes.`,
    )
  if (image.min_disk > flavor.diskGiB)
    throw badRequest(
      `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${flavor.diskGiB * GiB} bytes, minimum size is ${image.min_disk * GiB} bytes.`,
    )
}

const ofTheImageItself = new Set([
  'id',
  'name',
  'status',
  'visibility',
  'protected',
  'checksum',
  'owner',
  'size',
  'virtual_size',
  'created_at',
  'updated_at',
  'tags',
  'self',
  'file',
  'schema',
  'locations',
  'direct_url',
  'min_disk',
  'min_ram',
  'disk_format',
  'container_format',
  'os_hidden',
  'os_hash_algo',
  'os_hash_value',
  'stores',
  'block_device_mapping',
  'bdm_v2',
])

/** What the server remembers: enough to start from it, and its properties for the images that are made of the server. */
export function keptImage(image: Image): KeptImage {
  const properties: Record<string, string> = {}
  for (const [name, value] of Object.entries(image))
    if (!ofTheImageItself.has(name) && typeof value === 'string') properties[name] = value
  return {
    id: image.id,
    diskFormat: diskFormats[image.disk_format ?? ''] ?? 'raw',
    sizeBytes: image.size ?? 0,
    properties,
  }
}
