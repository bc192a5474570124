// The command line of one guest: all its hardware, nothing that came from an API as a path.
import type { GuestSpec } from '../../../kernel/compute/driver.ts'
import type { AcceleratorChoice } from './accelerator.ts'
import { cdParts, type DeviceParts, diskParts, nicParts, rootParts } from './devices.ts'
import type { GuestFolder } from './guest-folder.ts'

export function commandLine(
  folder: GuestFolder,
  spec: Omit<GuestSpec, 'configDrive'>,
  host: { machine: string; choice: AcceleratorChoice; hasConfigDrive: boolean },
): string[] {
  const { sockets } = folder
  return [
    ['-name', `guest=${spec.id}`, '-uuid', spec.id],
    ['-nodefaults', '-no-user-config', '-display', 'none'],
    ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ['-M', host.machine, '-cpu', host.choice.cpuModel],
    // Translated code beyond 32 MiB costs host memory and brings no speed that could be measured.
    ['-accel', host.choice.accelerator === 'tcg' ? 'tcg,tb-size=32' : 'kvm'],
    ['-smp', String(spec.vcpus), '-m', `size=${spec.memoryMiB}M`, '-rtc', 'base=utc', '-boot', 'strict=on'],
    // A guest that shuts down leaves QEMU stopped, not gone: so it is known even after an absence that it was the
    // guest's own wish, and no crash. Whoever is attached then ends the process.
    ['-action', 'shutdown=pause'],
    // Suspend states of the board would look like a guest that hangs.
    ['-global', 'PIIX4_PM.disable_s3=1', '-global', 'PIIX4_PM.disable_s4=1'],
    ['-msg', 'timestamp=on'],
    ['-chardev', `socket,id=qmp,path=${quoted(sockets.qmp)},server=on,wait=off`, '-mon', 'chardev=qmp,mode=control'],
    [
      '-chardev',
      `socket,id=serial,path=${quoted(sockets.serial)},server=on,wait=off,logfile=${quoted(folder.consoleLog)},logappend=on`,
    ],
    ['-serial', 'chardev:serial'],
    ['-vga', 'std', '-vnc', `unix:${quoted(sockets.vnc)},share=force-shared`],
    ['-object', '{"qom-type":"rng-builtin","id":"entropy"}'],
    ['-device', '{"driver":"virtio-rng-pci","id":"rng","rng":"entropy"}'],
    ['-device', '{"driver":"virtio-balloon-pci","id":"balloon"}'],
    ...blockDevices(folder, spec, host.hasConfigDrive).flatMap((parts) => [
      ['-blockdev', JSON.stringify(parts.backend)],
      ['-device', JSON.stringify(parts.frontend)],
    ]),
    ...spec.nics.map(nicParts).flatMap((parts) => [
      ['-netdev', JSON.stringify(parts.backend)],
      ['-device', JSON.stringify(parts.frontend)],
    ]),
  ].flat()
}

function blockDevices(
  folder: GuestFolder,
  spec: Omit<GuestSpec, 'configDrive'>,
  hasConfigDrive: boolean,
): DeviceParts[] {
  const parts: DeviceParts[] = []
  const { root } = spec
  if (root && hasOwnDisk(root)) parts.push(rootParts(folder.rootDisk, root.base, 0))
  // Behind the disk: while that is empty the firmware goes on to the CD, and an installed system boots from the disk.
  if (root?.base.format === 'iso') parts.push(cdParts('cd', root.base.path, 0, 1))
  if (hasConfigDrive) parts.push(cdParts('config', folder.configDrive, 1))
  spec.disks.forEach((disk, index) => {
    parts.push(diskParts(disk, !root && index === 0 ? 0 : undefined))
  })
  return parts
}

/** A CD image with size 0 runs from the CD alone. */
export const hasOwnDisk = (root: NonNullable<GuestSpec['root']>) => root.base.format !== 'iso' || root.sizeGiB > 0

/** QEMU's option lists write a comma twice. */
const quoted = (path: string) => path.replaceAll(',', ',,')
