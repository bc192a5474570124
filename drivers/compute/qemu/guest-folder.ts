// Where everything of one guest lies on this host, and the record that is written before anything else of it.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, syncPath, writeDurably } from '../../../eden/files/durable.ts'
import type { GuestSpec } from '../../../kernel/compute/driver.ts'
import type { QemuSettings } from './options.ts'

/** What the folder remembers. The config drive's content is kept as the drive alone, not here. */
export interface GuestRecord {
  /** What was last asked for; tells a guest that was shut down from one that was lost. */
  wanted: 'running' | 'shutdown'
  /** Versioned machine type the guest was made with, so that its hardware stays the same under a newer QEMU. */
  machine: string
  /** SHA-256 of the config drive's content; absent without a drive. */
  configDigest?: string
  spec: Omit<GuestSpec, 'configDrive'>
}

export interface GuestFolder {
  id: string
  path: string
  spec: string
  rootDisk: string
  configDrive: string
  consoleLog: string
  olderConsoleLog: string
  /** QEMU's own words. */
  qemuLog: string
  pid: string
  sockets: { path: string; qmp: string; vnc: string; serial: string }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function guestFolder(settings: QemuSettings, id: string): GuestFolder {
  if (!uuid.test(id)) throw new Error(`a guest's id must be a UUID, not ${JSON.stringify(id)}`)
  const path = join(guestsPath(settings), id)
  const sockets = join(settings.runtimeDir, id)
  return {
    id,
    path,
    spec: join(path, 'spec.json'),
    rootDisk: join(path, 'disk.qcow2'),
    configDrive: join(path, 'config.iso'),
    consoleLog: join(path, 'console.log'),
    olderConsoleLog: join(path, 'console.older.log'),
    qemuLog: join(path, 'qemu.log'),
    pid: join(path, 'pid'),
    sockets: {
      path: sockets,
      qmp: join(sockets, 'qmp.sock'),
      vnc: join(sockets, 'vnc.sock'),
      serial: join(sockets, 'serial.sock'),
    },
  }
}

const guestsPath = (settings: QemuSettings) => join(settings.stateDir, 'guests')

/** Folders may be passed through by the guests' user, yet neither listed nor written. */
export async function prepareStateDir(settings: QemuSettings): Promise<void> {
  await mkdir(guestsPath(settings), { recursive: true, mode: 0o711 })
  await mkdir(settings.runtimeDir, { recursive: true, mode: 0o711 })
}

export async function listGuestFolders(settings: QemuSettings): Promise<GuestFolder[]> {
  const names = await readdir(guestsPath(settings))
  return names.filter((name) => uuid.test(name)).map((name) => guestFolder(settings, name))
}

/** Makes the folder if need be and writes the record so that it survives a power cut. */
export async function writeRecord(folder: GuestFolder, record: GuestRecord): Promise<void> {
  const made = await mkdir(folder.path, { recursive: true, mode: 0o711 })
  await writeDurably(folder.spec, JSON.stringify(record, null, 2))
  if (made) await syncPath(join(folder.path, '..'))
}

/** Undefined where the folder has no record: it was begun and not finished, or half removed. */
export async function findRecord(folder: GuestFolder): Promise<GuestRecord | undefined> {
  try {
    const text = await readIfThere(folder.spec)
    return text === undefined ? undefined : (JSON.parse(text) as GuestRecord)
  } catch (error) {
    throw new Error(`${folder.spec} cannot be read; repair or remove it: ${(error as Error).message}`)
  }
}

/** The record goes first, so that what a crash leaves behind is known to be rubbish; the folder itself goes last. */
export async function removeGuestFolder(folder: GuestFolder): Promise<void> {
  await rm(folder.sockets.path, { recursive: true, force: true })
  await rm(folder.spec, { force: true })
  await rm(folder.path, { recursive: true, force: true })
}
