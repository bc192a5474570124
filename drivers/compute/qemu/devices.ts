// How disks and network cards are put to QEMU, the same way on the command line and on the monitor.
import { createHash } from 'node:crypto'
import type { DiskSource, DiskSpec, NicSpec, RootDisk } from '../../../kernel/compute/driver.ts'

export interface DeviceParts {
  /** QEMU's id of the device. */
  device: string
  /** The part behind it: a block node's or network backend's properties and name. */
  backend: Record<string, unknown>
  backendName: string
  /** Properties for `-device` and `device_add`. */
  frontend: Record<string, unknown>
}

const plainId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,35}$/

export const diskDevice = (id: string) => `disk-${plain(id)}`
export const nicDevice = (id: string) => `nic-${plain(id)}`

/** A further disk. Throws for sources that are not for a real guest. */
export function diskParts(disk: DiskSpec, bootIndex?: number): DeviceParts {
  const device = diskDevice(disk.id)
  const backendName = nodeName(disk.id)
  return {
    device,
    backendName,
    backend: { ...blockSource(disk), 'node-name': backendName, 'read-only': disk.readOnly ?? false, discard: 'unmap' },
    frontend: virtioDisk(device, backendName, disk.id, bootIndex),
  }
}

/** The guest's own disk, `diskPath`, over its base; only the files named here are opened, whatever the image says. */
export function rootParts(diskPath: string, base: RootDisk['base'], bootIndex: number): DeviceParts {
  return {
    device: diskDevice('root'),
    backendName: 'root',
    backend: { ...rootChain(diskPath, base), 'node-name': 'root', discard: 'unmap' },
    frontend: virtioDisk(diskDevice('root'), 'root', 'root', bootIndex),
  }
}

/** Block layer description of the root disk with its whole chain spelt out, for QEMU and qemu-img alike. */
export function rootChain(diskPath: string, base: RootDisk['base']): Record<string, unknown> {
  const backing =
    base.format === 'iso'
      ? null
      : {
          driver: base.format,
          'read-only': true,
          file: { driver: 'file', filename: base.path, 'read-only': true },
          ...(base.format === 'qcow2' ? { backing: null } : {}),
        }
  return { driver: 'qcow2', file: { driver: 'file', filename: diskPath, discard: 'unmap' }, backing }
}

/** A CD on one of the two IDE channels, which guests without drivers for newer buses can read. */
export function cdParts(name: 'cd' | 'config', path: string, channel: 0 | 1, bootIndex?: number): DeviceParts {
  return {
    device: `${name}-device`,
    backendName: name,
    backend: {
      driver: 'raw',
      'node-name': name,
      'read-only': true,
      file: { driver: 'file', filename: path, 'read-only': true },
    },
    frontend: {
      driver: 'ide-cd',
      id: `${name}-device`,
      drive: name,
      bus: `ide.${channel}`,
      ...(bootIndex === undefined ? {} : { bootindex: bootIndex }),
    },
  }
}

/** A network card. Throws for sources that are not for a real guest. */
export function nicParts(nic: NicSpec): DeviceParts {
  const device = nicDevice(nic.id)
  const backendName = `net-${nic.id}`
  return {
    device,
    backendName,
    backend: { id: backendName, ...networkSource(nic) },
    frontend: {
      driver: 'virtio-net-pci',
      id: device,
      netdev: backendName,
      mac: nic.mac,
      host_mtu: nic.mtu,
      romfile: '', // No boot from the network, so no boot ROM to go through at every start.
    },
  }
}

function networkSource(nic: NicSpec): Record<string, unknown> {
  if (nic.source.kind === 'tap')
    return { type: 'tap', ifname: nic.source.interface, script: 'no', downscript: 'no', vhost: false }
  if (nic.source.kind === 'user') return { type: 'user' }
  throw new Error(`network card ${nic.id} is simulated: a real guest needs the network driver of a real host`)
}

function blockSource({ id, source }: DiskSpec): Record<string, unknown> {
  if (source.kind === 'simulated')
    throw new Error(`disk ${id} is simulated: a real guest needs the volume driver of a real host`)
  if (source.kind === 'nbd')
    return { driver: 'nbd', server: nbdServer(source.address), export: source.export, 'reconnect-delay': 30 }
  return { driver: source.format, file: { driver: 'file', filename: source.path, discard: 'unmap' } }
}

function nbdServer(address: Extract<DiskSource, { kind: 'nbd' }>['address']): Record<string, unknown> {
  return 'socket' in address
    ? { type: 'unix', path: address.socket }
    : { type: 'inet', host: address.host, port: String(address.port) }
}

function virtioDisk(device: string, node: string, id: string, bootIndex?: number): Record<string, unknown> {
  return {
    driver: 'virtio-blk-pci',
    id: device,
    drive: node,
    serial: id.slice(0, 20), // As much as virtio carries.
    ...(bootIndex === undefined ? {} : { bootindex: bootIndex }),
  }
}

/** QEMU's block node names end at 31 characters; a UUID has 36. */
const nodeName = (id: string) => `d${createHash('sha256').update(id).digest('hex').slice(0, 24)}`

function plain(id: string): string {
  if (!plainId.test(id)) throw new Error(`${JSON.stringify(id)} cannot be a device's id: letters, digits, . _ - only`)
  return id
}
