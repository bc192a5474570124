// The guest's own disk: a copy-on-write overlay over the cached image, made once and then only written by the guest.
import { chown, open, rename, rm, stat } from 'node:fs/promises'
import type { RootDisk } from '../../../kernel/compute/driver.ts'
import { hasOwnDisk } from './command-line.ts'
import { runConfined } from './confined-tool.ts'
import type { GuestFolder } from './guest-folder.ts'
import { baseSizeOf, qcow2SizeOf } from './image-header.ts'
import type { QemuSettings } from './options.ts'

const bytesPerGiB = 1024 ** 3

/** Makes the disk, or grows the one that is there; a crash in between leaves none, or the old size. */
export async function makeRootDisk(settings: QemuSettings, folder: GuestFolder, root: RootDisk): Promise<void> {
  if (!hasOwnDisk(root)) return
  if (await exists(folder.rootDisk)) return growRootDisk(settings, folder, root.sizeGiB * bytesPerGiB)
  const draft = `${folder.rootDisk}.new`
  await makeFileForGuest(settings, draft)
  await runConfined(settings, settings.qemuImgBinary, await creation(root, draft), settings.limits.toolCpuSeconds)
  const file = await open(draft, 'r')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(draft, folder.rootDisk)
}

async function growRootDisk(settings: QemuSettings, folder: GuestFolder, wantedBytes: number): Promise<void> {
  if ((await qcow2SizeOf(folder.rootDisk)) >= wantedBytes) return
  const args = ['resize', '-q', '-f', 'qcow2', folder.rootDisk, String(wantedBytes)]
  await runConfined(settings, settings.qemuImgBinary, args, settings.limits.toolCpuSeconds)
}

async function creation(root: RootDisk, path: string): Promise<string[]> {
  const { base } = root
  const wanted = root.sizeGiB * bytesPerGiB
  const make = ['create', '-q', '-f', 'qcow2']
  if (base.format === 'iso') return [...make, path, String(wanted)]
  const size = Math.max(wanted, await baseSizeOf({ path: base.path, format: base.format }))
  // -u: the base is not even opened; its format is what we were told, its size what we just read.
  return [...make, '-u', '-F', base.format, '-b', base.path, path, String(size)]
}

/** An empty file that the guest's QEMU may write although it may not write the folder. */
export async function makeFileForGuest(settings: QemuSettings, path: string): Promise<void> {
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o600)
  await file.close()
  if (settings.runAs) await chown(path, settings.runAs.uid, settings.runAs.gid)
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
