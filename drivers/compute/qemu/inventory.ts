// What this host offers to guests.
import { readFile, stat, statfs } from 'node:fs/promises'
import { arch, availableParallelism, totalmem } from 'node:os'
import type { HostInventory } from '../../../kernel/compute/driver.ts'
import { guestAbilities } from '../guest-abilities.ts'
import type { AcceleratorChoice } from './accelerator.ts'
import type { QemuSettings } from './options.ts'
import type { QemuVersion } from './qemu-version.ts'

export async function hostInventory(
  settings: QemuSettings,
  version: QemuVersion,
  choice: AcceleratorChoice,
): Promise<HostInventory> {
  const disk = await statfs(settings.stateDir)
  const notes = [...choice.reasons]
  if (!settings.runAs && process.getuid?.() === 0)
    notes.push('Guests run as root: set runAs to an unprivileged user, so that a break-out from QEMU gains little.')
  if (settings.runAs && !(await canUseTun(settings.runAs)))
    notes.push('Taps cannot be used: /dev/net/tun is not readable and writable for the user in runAs.')
  return {
    hypervisorType: 'QEMU',
    hypervisorVersion: version.major * 1_000_000 + version.minor * 1_000 + version.micro,
    vcpus: availableParallelism(),
    memoryMiB: Math.floor(totalmem() / 1024 ** 2),
    diskGiB: Math.floor((disk.blocks * disk.bsize) / 1024 ** 3),
    architecture: arch() === 'x64' ? 'x86_64' : arch(),
    cpuModel: await hostCpuModel(),
    traits: [`COMPUTE_ACCELERATOR_${choice.accelerator.toUpperCase()}`, ...guestAbilities],
    notes,
  }
}

async function canUseTun({ uid, gid }: { uid: number; gid: number }): Promise<boolean> {
  const tun = await stat('/dev/net/tun').catch(() => undefined)
  if (!tun) return false
  const shift = tun.uid === uid ? 6 : tun.gid === gid ? 3 : 0
  return ((tun.mode >> shift) & 6) === 6
}

async function hostCpuModel(): Promise<string> {
  const info = await readFile('/proc/cpuinfo', 'utf8')
  return /^model name\s*:\s*(.+)$/m.exec(info)?.[1]?.trim() ?? 'unknown'
}
