// What lies ready before a guest's QEMU starts, and what a crash left that goes away.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { giveTo } from '../../../eden/files/durable.ts'
import type { GuestSpec } from '../../../kernel/compute/driver.ts'
import { makeConfigDrive } from './config-drive.ts'
import type { GuestFolder, GuestRecord } from './guest-folder.ts'
import type { QemuSettings } from './options.ts'
import { exists, makeFileForGuest, makeRootDisk } from './root-disk.ts'

/** Makes the disks that are missing. Throws where the config drive is, and `configDrive` does not say what is in it. */
export async function provideDisks(
  settings: QemuSettings,
  folder: GuestFolder,
  { spec, configDigest }: GuestRecord,
  configDrive: GuestSpec['configDrive'],
): Promise<void> {
  await Promise.all([
    spec.root && makeRootDisk(settings, folder, spec.root),
    configDigest !== undefined && provideConfigDrive(settings, folder, configDrive),
  ])
}

async function provideConfigDrive(
  settings: QemuSettings,
  folder: GuestFolder,
  files: GuestSpec['configDrive'],
): Promise<void> {
  if (await exists(folder.configDrive)) return
  if (!files) throw new Error(`the config drive of guest ${folder.id} is missing: start it with the drive's content`)
  await makeConfigDrive(settings, folder.configDrive, files)
}

/** An empty folder for the sockets, and the console's log. */
export async function provideSockets(settings: QemuSettings, { sockets, consoleLog }: GuestFolder): Promise<void> {
  await rm(sockets.path, { recursive: true, force: true })
  await mkdir(sockets.path, { recursive: true, mode: 0o700 })
  await giveTo(sockets.path, settings.runAs)
  if (!(await exists(consoleLog))) await makeFileForGuest(settings, consoleLog)
}

/** Removes drafts that a crash left. */
export async function removeDrafts(folder: GuestFolder): Promise<void> {
  for (const name of await readdir(folder.path))
    if (/^(snapshot-|config-)|\.new$/.test(name)) await rm(join(folder.path, name), { recursive: true })
}
