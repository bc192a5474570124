// Gives devices to a running guest and takes them back. Giving is QEMU's work alone; taking needs the guest's help.
import { setTimeout as wait } from 'node:timers/promises'
import type { DiskSpec, NicSpec } from '../../../kernel/compute/driver.ts'
import { type QmpClient, QmpError } from '../../qemu/qmp-client.ts'
import { type DeviceParts, diskDevice, diskParts, nicDevice, nicParts } from './devices.ts'
import type { QemuLimits } from './options.ts'

/** Ids of all devices that have one, straight from QEMU. */
export async function pluggedDevices(qmp: QmpClient): Promise<Set<string>> {
  const entries = (await qmp.execute('qom-list', { path: '/machine/peripheral' })) as { name: string; type: string }[]
  return new Set(entries.filter(({ type }) => type.startsWith('child<')).map(({ name }) => name))
}

export async function plugDisk(qmp: QmpClient, disk: DiskSpec): Promise<void> {
  await plug(qmp, diskParts(disk), 'blockdev-add', removeNode)
}

export async function unplugDisk(qmp: QmpClient, diskId: string, limits: QemuLimits): Promise<void> {
  await unplug(qmp, diskDevice(diskId), limits)
  await removeNode(qmp, diskParts({ id: diskId, source: { kind: 'file', path: '', format: 'raw' } }).backendName)
}

export async function plugNic(qmp: QmpClient, nic: NicSpec): Promise<void> {
  await plug(qmp, nicParts(nic), 'netdev_add', removeBackend)
}

export async function unplugNic(qmp: QmpClient, nicId: string, limits: QemuLimits): Promise<void> {
  await unplug(qmp, nicDevice(nicId), limits)
  await removeBackend(qmp, `net-${nicId}`)
}

async function plug(
  qmp: QmpClient,
  parts: DeviceParts,
  addBackend: 'blockdev-add' | 'netdev_add',
  remove: (qmp: QmpClient, name: string) => Promise<void>,
): Promise<void> {
  if ((await pluggedDevices(qmp)).has(parts.device)) return
  await remove(qmp, parts.backendName) // What an interrupted attempt may have left.
  await qmp.execute(addBackend, parts.backend)
  try {
    await qmp.execute('device_add', parts.frontend)
  } catch (error) {
    await remove(qmp, parts.backendName)
    throw error
  }
}

async function unplug(qmp: QmpClient, device: string, limits: QemuLimits): Promise<void> {
  for (let attempt = 1; attempt <= limits.unplugAttempts; attempt++) {
    if (!(await pluggedDevices(qmp)).has(device)) return
    const deleted = qmp.waitFor(
      ({ event, data }) => event === 'DEVICE_DELETED' && data.device === device,
      limits.unplugWithinMs,
    )
    const [, release] = await Promise.allSettled([requestUnplug(qmp, device), deleted])
    if (release.status === 'rejected') throw release.reason
    if (release.value) return
  }
  throw new Error(
    `the guest does not let go of ${device}: its system must be up and support PCI hot unplug; ` +
      'try again then, or stop the guest first',
  )
}

async function requestUnplug(qmp: QmpClient, device: string): Promise<void> {
  try {
    await qmp.execute('device_del', { id: device })
  } catch (error) {
    // Gone just now, or asked before and still thinking: the event or the next look tells.
    if (!(error instanceof QmpError)) throw error
  }
}

async function removeNode(qmp: QmpClient, node: string): Promise<void> {
  // The guest's last requests may keep the node in use for a moment after the device is gone.
  for (let attempt = 1; ; attempt++) {
    try {
      await qmp.execute('blockdev-del', { 'node-name': node })
      return
    } catch (error) {
      if (isAbsent(error)) return
      if (!(error instanceof QmpError) || attempt === 10) throw error
      await wait(20 * attempt)
    }
  }
}

async function removeBackend(qmp: QmpClient, id: string): Promise<void> {
  try {
    await qmp.execute('netdev_del', { id })
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

const isAbsent = (error: unknown) =>
  error instanceof QmpError && (error.class === 'DeviceNotFound' || /failed to find node/i.test(error.message))
