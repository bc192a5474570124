// The guest's own disk: a copy-on-write overlay over the cached image, made once and then only written by the guest.
import { open, rename, rm, stat } from 'node:fs/promises'
import { giveTo, syncPath } from '../../../eden/files/durable.ts'
import type { RootDisk } from '../../../kernel/compute/driver.ts'
import { checkForeignQcow2, readQcow2 } from '../../qemu/qcow2-header.ts'
import { createDisk, qemuImg } from '../../qemu/qemu-img.ts'
import { hasOwnDisk } from './command-line.ts'
import type { GuestFolder } from './guest-folder.ts'
import { type QemuSettings, qemuImgOf } from './options.ts'

const bytesPerGiB = 1024 ** 3

/** Makes the disk, or grows the one that is there; a crash in between leaves none, or the old size. */
export async function makeRootDisk(settings: QemuSettings, folder: GuestFolder, root: RootDisk): Promise<void> {
  if (!hasOwnDisk(root)) return
  if (await exists(folder.rootDisk)) return growRootDisk(settings, folder, root.sizeGiB * bytesPerGiB)
  const draft = `${folder.rootDisk}.new`
  await makeFileForGuest(settings, draft)
  await createRootDisk(settings, draft, root)
  await syncPath(draft)
  await rename(draft, folder.rootDisk)
}

async function growRootDisk(settings: QemuSettings, folder: GuestFolder, wantedBytes: number): Promise<void> {
  if ((await readQcow2(folder.rootDisk)).sizeBytes >= wantedBytes) return
  await qemuImg(qemuImgOf(settings), ['resize', '-q', '-f', 'qcow2', folder.rootDisk, String(wantedBytes)])
}

async function createRootDisk(settings: QemuSettings, path: string, { base, sizeGiB }: RootDisk): Promise<void> {
  const wanted = sizeGiB * bytesPerGiB
  if (base.format === 'iso') return createDisk(qemuImgOf(settings), path, 'qcow2', wanted)
  const baseBytes = await baseSizeOf(base.path, base.format).catch((error: Error) => {
    throw new Error(`Base image ${base.path} cannot be used: ${error.message}`, { cause: error })
  })
  // -u: the base is not even opened; its format is what we were told, its size what we just read.
  const backing = ['-u', '-F', base.format, '-b', base.path]
  await createDisk(qemuImgOf(settings), path, 'qcow2', Math.max(wanted, baseBytes), backing)
}

/** Size of the disk inside a base image, in bytes; no program is started on a stranger's file for it. */
async function baseSizeOf(path: string, format: 'qcow2' | 'raw'): Promise<number> {
  return format === 'raw' ? (await stat(path)).size : checkForeignQcow2(path)
}

/** An empty file that the guest's QEMU may write although it may not write the folder. */
export async function makeFileForGuest(settings: QemuSettings, path: string): Promise<void> {
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o600)
  await file.close()
  await giveTo(path, settings.runAs)
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
