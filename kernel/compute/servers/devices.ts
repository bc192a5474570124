// Which disks a new server gets: the block device mapping, its older form, and what an image brings with it.
import type { Call } from '../../../eden/call.ts'
import { badRequest, isProblem } from '../../../eden/errors.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { ComputeContext } from '../context.ts'
import { speaks } from '../versions/since.ts'
import { freeDevice } from '../volumes/block-device.ts'
import type { GivenDevice, GivenServer } from './create-body.ts'

export interface WantedDevice {
  source: 'volume' | 'image' | 'snapshot' | 'blank'
  sourceId: string | null
  sizeGiB: number | null
  volumeType: string | null
  bootIndex: number | null
  device: string
  tag: string | null
  deleteOnTermination: boolean
}

export interface WantedDisks {
  /** Image of the root disk that the server owns; undefined where it boots from a volume. */
  rootImageId: string | undefined
  devices: WantedDevice[]
}

const wrong = (why: string) => badRequest(`Block Device Mapping is Invalid: ${why}`)

/** The older form names volumes and snapshots without saying what they are. */
const lifted = (given: GivenDevice): GivenDevice => {
  const id = given.volume_id ?? given.snapshot_id
  if (id === undefined) return given
  return {
    ...given,
    source_type: given.volume_id ? 'volume' : 'snapshot',
    destination_type: 'volume',
    uuid: id,
    boot_index: given.device_name === 'vda' || given.device_name === '/dev/vda' ? 0 : null,
  }
}

/** @throws 400 for mappings that cannot be meant. */
export function wantedDisks(call: Call, given: GivenServer, imageDevices: GivenDevice[]): WantedDisks {
  const own = [...(given.block_device_mapping_v2 ?? []), ...(given.block_device_mapping ?? []).map(lifted)]
  const mapping = [...imageDevices, ...own]
  if (given.block_device_mapping && given.block_device_mapping_v2)
    throw badRequest('Using different block_device_mapping syntaxes is not allowed in the same request.')
  const isVolumeBacked = imageDevices.length > 0
  const image = given.imageRef && !isVolumeBacked ? given.imageRef : undefined
  let rootImageId = image
  const devices: WantedDevice[] = []
  const taken: string[] = ['/dev/vda']
  for (const one of mapping) {
    const bootIndex = one.boot_index === undefined || one.boot_index === null ? null : Number(one.boot_index)
    if (one.source_type === 'image' && one.destination_type !== 'volume') {
      if (bootIndex !== 0) throw wrong('Mapping image to local is not supported.')
      rootImageId = one.uuid ?? image
      continue
    }
    devices.push(wantedDevice(call, one, bootIndex, taken))
  }
  const boots = devices.filter(({ bootIndex }) => bootIndex === 0)
  if (boots.length > 1 || (boots.length === 1 && rootImageId !== undefined))
    throw wrong('Boot sequence for the instance and image/block device mapping combination is not valid.')
  const order = devices.map(({ bootIndex }) => bootIndex).filter((index) => index !== null && index >= 0)
  if (rootImageId !== undefined) order.push(0)
  if (order.some((index) => index! >= order.length))
    throw wrong('Boot sequence for the instance and image/block device mapping combination is not valid.')
  if (boots.length === 0 && rootImageId === undefined) {
    if (devices.length === 0 || mapping.length === 0) throw badRequest('Invalid imageRef provided.')
    throw wrong('Boot sequence for the instance and image/block device mapping combination is not valid.')
  }
  return { rootImageId, devices }
}

function wantedDevice(call: Call, one: GivenDevice, bootIndex: number | null, taken: string[]): WantedDevice {
  const source = one.source_type ?? 'volume'
  if (one.tag !== undefined && (!speaks(call, '2.32') || (speaks(call, '2.33') && !speaks(call, '2.42'))))
    throw badRequest("Additional properties are not allowed ('tag' was unexpected)")
  if (one.volume_type && !speaks(call, '2.67'))
    throw badRequest("Additional properties are not allowed ('volume_type' was unexpected)")
  if (source === 'blank' && one.destination_type !== 'volume')
    throw wrong('Empty local disks are not offered; ask for a blank volume (destination_type volume).')
  if (source !== 'blank' && !one.uuid) throw wrong(`Missing uuid of the ${source}.`)
  const sizeGiB = one.volume_size ? Number(one.volume_size) : null
  if (sizeGiB === null && (source === 'blank' || source === 'image'))
    throw wrong(`Images and blank volumes need a volume_size in GiB.`)
  const device = bootIndex === 0 ? '/dev/vda' : deviceName(one.device_name, taken)
  taken.push(device)
  const flag = one.delete_on_termination ?? false
  return {
    source,
    sourceId: one.uuid ?? null,
    sizeGiB,
    volumeType: one.volume_type ?? null,
    bootIndex,
    device,
    tag: one.tag ?? null,
    deleteOnTermination: typeof flag === 'string' ? (parseFlag(flag) ?? false) : flag,
  }
}

/** Guests name their disks themselves, so a wish that cannot be kept is passed over. */
function deviceName(wish: string | null | undefined, taken: string[]): string {
  const name = wish ? `/dev/${wish.replace(/^\/dev\//, '').replace(/^[shx]d/, 'vd')}` : undefined
  return name && /^\/dev\/vd[a-z]{1,2}$/.test(name) && !taken.includes(name) ? name : freeDevice(taken)
}

/** @throws 400 where a volume or snapshot is not there or not to be had. */
export async function checkSources({ volume }: ComputeContext, call: Call, devices: WantedDevice[]): Promise<void> {
  for (const { source, sourceId, bootIndex } of devices) {
    if (source !== 'volume' && source !== 'snapshot') continue
    const path = source === 'volume' ? `/v3/volumes/${sourceId}` : `/v3/snapshots/${sourceId}`
    try {
      const { body } = await volume.ask<{ volume?: { status: string; multiattach?: boolean; bootable?: string } }>(
        call,
        'GET',
        path,
      )
      const status = body.volume?.status
      if (bootIndex === 0 && body.volume?.bootable === 'false')
        throw badRequest(`Block Device ${sourceId} is not bootable.`)
      if (status !== undefined && status !== 'available' && !(status === 'in-use' && body.volume?.multiattach))
        throw badRequest(
          `Invalid volume: Volume ${sourceId} status must be 'available' or 'in-use' with multiattach, but it is '${status}'.`,
        )
    } catch (cause) {
      if (isProblem(cause) && cause.status === 404) throw wrong(`failed to get ${source} ${sourceId}.`)
      throw cause
    }
  }
}
