// Where things lie below the driver's folder, and how a finished file gets its name.
//   volumes/<id>.qcow2 | .raw           a volume; a qcow2 holds its snapshots inside
//   snapshots/<volume>/<snapshot>.qcow2 snapshots of raw volumes
//   work/                               everything unfinished; emptied by open
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { giveTo, syncPath } from '../../../eden/files/durable.ts'
import { readQcow2 } from '../../qemu/qcow2-header.ts'
import type { FilesVolumeSettings } from './options.ts'

export interface VolumeFile {
  id: string
  path: string
  format: 'qcow2' | 'raw'
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const formats = ['qcow2', 'raw'] as const

/** Also the guard against path tricks. */
export function checkId(...ids: string[]): void {
  for (const id of ids) if (!idPattern.test(id)) throw new Error(`"${id}" is no UUID.`)
}

export class Layout {
  readonly #settings: FilesVolumeSettings
  readonly #volumes: string
  readonly #snapshots: string
  readonly #work: string

  constructor(settings: FilesVolumeSettings) {
    this.#settings = settings
    this.#volumes = join(settings.dir, 'volumes')
    this.#snapshots = join(settings.dir, 'snapshots')
    this.#work = join(settings.dir, 'work')
  }

  async open(): Promise<void> {
    await mkdir(this.#settings.dir, { recursive: true, mode: 0o711 })
    for (const folder of [this.#volumes, this.#snapshots, this.#work]) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await giveTo(folder, this.#settings.runAs)
    }
    await mkdir(this.#settings.runtimeDir, { recursive: true, mode: 0o711 })
    await giveTo(this.#settings.runtimeDir, this.#settings.runAs)
  }

  /** To be called only while no other process works in here. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#work)) await rm(join(this.#work, name), { recursive: true, force: true })
  }

  /** A new name for something unfinished. */
  draft(): string {
    return join(this.#work, randomUUID())
  }

  find(id: string): VolumeFile | undefined {
    return formats.map((format) => this.#volume(id, format)).find((file) => existsSync(file.path))
  }

  get(id: string): VolumeFile {
    const file = this.find(id)
    if (!file) throw new Error(`Volume ${id} is not in ${this.#volumes}. Was its file moved or its disk not mounted?`)
    return file
  }

  async sizeBytes(file: VolumeFile): Promise<number> {
    return file.format === 'raw' ? (await stat(file.path)).size : (await readQcow2(file.path)).sizeBytes
  }

  /** Gives a finished draft its name, durably; never replaces anything. */
  async landVolume(draft: string, id: string, format: 'qcow2' | 'raw'): Promise<void> {
    await land(draft, this.#volume(id, format).path)
  }

  async landSnapshot(draft: string, id: string, volumeId: string): Promise<void> {
    const path = this.snapshotCopy(id, volumeId)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await giveTo(dirname(path), this.#settings.runAs)
    await syncPath(this.#snapshots)
    await land(draft, path)
  }

  /** Where the snapshot of a raw volume is, if there is one. */
  snapshotCopy(id: string, volumeId: string): string {
    return join(this.#snapshots, volumeId, `${id}.qcow2`)
  }

  async removeSnapshotCopy(id: string, volumeId: string): Promise<void> {
    const path = this.snapshotCopy(id, volumeId)
    await rm(path, { force: true })
    try {
      await rmdir(dirname(path))
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
    await syncPath(this.#snapshots)
  }

  async removeVolume(file: VolumeFile): Promise<void> {
    await rm(file.path, { force: true })
    await syncPath(this.#volumes)
  }

  async volumes(): Promise<VolumeFile[]> {
    const found: VolumeFile[] = []
    for (const name of (await readdir(this.#volumes)).sort()) {
      const [id = '', format] = name.split('.')
      if (idPattern.test(id) && (format === 'qcow2' || format === 'raw')) found.push(this.#volume(id, format))
    }
    return found
  }

  /** A volume's snapshots with the sizes it had then. */
  async snapshots(file: VolumeFile): Promise<{ name: string; sizeBytes: number }[]> {
    if (file.format === 'qcow2') return (await readQcow2(file.path)).snapshots
    const folder = join(this.#snapshots, file.id)
    if (!existsSync(folder)) return []
    const names = (await readdir(folder)).map((name) => name.replace(/\.qcow2$/, ''))
    return Promise.all(names.map(async (name) => ({ name, ...(await readQcow2(this.snapshotCopy(name, file.id))) })))
  }

  #volume(id: string, format: 'qcow2' | 'raw'): VolumeFile {
    return { id, format, path: join(this.#volumes, `${id}.${format}`) }
  }
}

async function land(draft: string, path: string): Promise<void> {
  await syncPath(draft)
  await link(draft, path)
  await rm(draft)
  await syncPath(dirname(path))
}
