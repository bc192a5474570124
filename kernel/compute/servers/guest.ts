// A server as its host is told of it: everything at once, so that the host never asks back.
import type { Call } from '../../../eden/call.ts'
import type { ComputeContext } from '../context.ts'
import type { DiskSource, DiskSpec, NicSpec } from '../driver.ts'
import type { LaunchInput, RootImage } from '../host/operations.ts'
import { sendImage } from '../host/send-image.ts'
import { configDriveOf } from '../metadata/config-drive.ts'
import { type BlockDevice, blockDevice } from '../volumes/block-device.ts'
import { asCloud } from './ports.ts'
import { instanceName, type Nic, type Server } from './server.ts'

export const nicSpec = ({ portId, mac, mtu, vif }: Nic): NicSpec => ({ id: portId, mac, mtu, source: vif })

export const diskSpec = (volumeId: string, source: DiskSource): DiskSpec => ({ id: volumeId, source })

/** Boot disk first, then in the order of their device names. */
const inOrder = (devices: readonly BlockDevice[]) =>
  [...devices].sort((a, b) => Number(b.bootIndex === 0) - Number(a.bootIndex === 0) || (a.device < b.device ? -1 : 1))

export const devicesOf = (call: Call, serverId: string): Promise<BlockDevice[]> =>
  call.rows(blockDevice).list({ where: { serverId } })

/** @param devices attached, with their connections. */
export async function launchInput(
  context: ComputeContext,
  call: Call,
  row: Server,
  nics: readonly Nic[],
  devices: readonly BlockDevice[],
  adminPass?: string,
): Promise<LaunchInput> {
  return {
    guest: {
      id: row.id,
      name: instanceName(row),
      vcpus: row.vcpus,
      memoryMiB: row.memoryMiB,
      disks: inOrder(devices)
        .filter(({ volumeId, connection }) => volumeId !== null && connection !== null)
        .map(({ volumeId, connection }) => diskSpec(volumeId!, connection!)),
      nics: nics.map(nicSpec),
      ...(row.hasConfigDrive && { configDrive: configDriveOf(row, nics, devices, adminPass) }),
    },
    root: row.image && row.imageId !== null ? await rootImage(context, call, row) : null,
  }
}

async function rootImage({ image }: ComputeContext, call: Call, row: Server): Promise<RootImage> {
  const { id, sizeBytes, diskFormat } = row.image!
  const { body } = await image.ask<{ path: string | null }>(asCloud(call), 'GET', `/internal/images/${id}/location`)
  return { imageId: id, path: body.path, sizeBytes, format: diskFormat as RootImage['format'], sizeGiB: row.diskGiB }
}

/** Asks the host to carry out an operation that needs the root image, and brings the image where it lacks it. */
export async function withImage(
  context: ComputeContext,
  call: Call,
  host: string,
  operation: 'launch' | 'start' | 'reboot',
  input: LaunchInput & Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const ask = () => context.hosts.get(host).ask<{ needsImage?: boolean }>(operation, input, { signal })
  if ((await ask()).needsImage !== true) return
  await sendImage(context, asCloud(call), host, input.root!)
  await ask()
}
