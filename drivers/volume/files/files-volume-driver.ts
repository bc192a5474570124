// Keeps volumes as qcow2 or raw files and serves them to guests by NBD from a storage daemon that outlives us.
import { rm, stat, statfs, truncate } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { giveTo } from '../../../eden/files/durable.ts'
import { openedStream } from '../../../eden/files/reading.ts'
import { Lanes } from '../../../eden/lane.ts'
import type { ObservedVolumes, PoolCapacity, VolumeConnection, VolumeDriver } from '../../../kernel/volume/driver.ts'
import { checkForeignQcow2 } from '../../qemu/qcow2-header.ts'
import { createDisk, qemuImg } from '../../qemu/qemu-img.ts'
import { type Connection, Connections } from './connections.ts'
import { endDaemon, findDaemonPid } from './daemon-process.ts'
import { checkId, Layout, type VolumeFile } from './layout.ts'
import { type FilesVolumeOptions, type FilesVolumeSettings, settle } from './options.ts'
import { receive } from './receive.ts'
import { Serving } from './serving.ts'

const bytesPerGiB = 1024 ** 3
/** How much larger than its disk a qcow2 upload may be: tables, and clusters that were freed. */
const qcow2OverheadBytes = bytesPerGiB

/**
 * Copies made of a volume or snapshot are whole, so that everything may be removed in any order. What changes a
 * volume's tables (snapshot, extend, remove) waits for copies of it; connecting does not.
 */
export class FilesVolumeDriver implements VolumeDriver {
  readonly name = 'files'
  readonly #settings: FilesVolumeSettings
  readonly #layout: Layout
  readonly #connections: Connections
  readonly #serving: Serving
  readonly #content = new Lanes()
  readonly #attaching = new Lanes()

  constructor(options: FilesVolumeOptions) {
    this.#settings = settle(options)
    this.#layout = new Layout(this.#settings)
    this.#connections = new Connections(this.#settings.dir)
    this.#serving = new Serving(this.#settings, () => this.#wanted())
  }

  async open(): Promise<void> {
    await this.#layout.open()
    await this.#connections.load()
    // The daemon speaks to one client: holding it tells that nobody else works in the folder.
    await this.#serving.open()
    await this.#layout.sweep()
  }

  async close(): Promise<void> {
    await this.#serving.close()
  }

  async capacity(): Promise<PoolCapacity> {
    const { bsize, blocks, bavail } = await statfs(this.#settings.dir)
    const toGiB = (count: number) => Math.floor((count * bsize * 100) / bytesPerGiB) / 100
    return { totalGiB: toGiB(blocks), freeGiB: toGiB(bavail), thinProvisioning: true }
  }

  async createEmpty(id: string, sizeGiB: number): Promise<void> {
    await this.#create(id, sizeGiB, async (draft) => {
      await createDisk(this.#settings.qemuImg, draft, this.#settings.format, sizeGiB * bytesPerGiB)
    })
  }

  async createFromImage(id: string, sizeGiB: number, format: 'raw' | 'qcow2', bytes: Readable): Promise<void> {
    try {
      await this.#create(id, sizeGiB, (draft) => this.#fromImage(draft, sizeGiB, format, bytes))
    } finally {
      bytes.destroy()
    }
  }

  async createFromSnapshot(id: string, sizeGiB: number, snapshot: { id: string; volumeId: string }): Promise<void> {
    checkId(snapshot.id, snapshot.volumeId)
    await this.#create(id, sizeGiB, async (draft) => {
      // Also keeps a volume that is not there from waiting for itself.
      const source = this.#layout.get(snapshot.volumeId)
      await this.#content.run(snapshot.volumeId, async () => {
        const found = (await this.#layout.snapshots(source)).find((entry) => entry.name === snapshot.id)
        if (!found) throw new Error(`Volume ${snapshot.volumeId} has no snapshot ${snapshot.id}.`)
        checkFits(found.sizeBytes, sizeGiB, `snapshot ${snapshot.id}`)
        const isInside = source.format === 'qcow2'
        const path = isInside ? source.path : this.#layout.snapshotCopy(snapshot.id, snapshot.volumeId)
        // -U: the daemon may have the file open. What belongs to a snapshot does not change meanwhile.
        const pick = isInside ? ['-U', '-l', `snapshot.name=${snapshot.id}`] : []
        const to = this.#settings.format
        await qemuImg(this.#settings.qemuImg, ['convert', ...pick, '-f', 'qcow2', '-O', to, path, draft])
        await this.#resizeDraft(draft, sizeGiB)
      })
    })
  }

  async createFromVolume(id: string, sizeGiB: number, sourceId: string): Promise<void> {
    checkId(sourceId)
    await this.#create(id, sizeGiB, async (draft) => {
      const source = this.#layout.get(sourceId)
      checkFits(await this.#layout.sizeBytes(source), sizeGiB, `volume ${sourceId}`)
      await this.#copyNow(sourceId, draft, this.#settings.format)
      await this.#resizeDraft(draft, sizeGiB)
    })
  }

  async remove(id: string): Promise<void> {
    checkId(id)
    await this.#content.run(id, async () => {
      const file = this.#layout.find(id)
      if (!file) return
      const snapshots = await this.#layout.snapshots(file)
      if (snapshots.length > 0) throw new Error(`Volume ${id} has ${snapshots.length} snapshots. Remove them first.`)
      await this.#attaching.run(id, async () => {
        const users = this.#connections.of(id).map((connection) => connection.attachmentId)
        if (users.length > 0) throw new Error(`Volume ${id} is connected (${users.join(', ')}). Disconnect it first.`)
        await this.#layout.removeVolume(file)
      })
    })
  }

  async extend(id: string, sizeGiB: number): Promise<void> {
    checkId(id)
    await this.#content.run(id, async () => {
      const file = this.#layout.get(id)
      const sizeBytes = await this.#layout.sizeBytes(file)
      if (sizeBytes === sizeGiB * bytesPerGiB) return
      checkFits(sizeBytes, sizeGiB, `volume ${id}`)
      await this.#attaching.run(id, () => this.#serving.resize(file, sizeGiB * bytesPerGiB))
    })
  }

  async createSnapshot(id: string, volumeId: string): Promise<void> {
    checkId(id, volumeId)
    await this.#content.run(volumeId, async () => {
      const file = this.#layout.get(volumeId)
      if ((await this.#layout.snapshots(file)).some((entry) => entry.name === id)) return
      if (file.format === 'qcow2') return this.#serving.snapshot(file, id)
      await this.#drafted(async (draft) => {
        await this.#copyDisk(file, draft)
        await this.#layout.landSnapshot(draft, id, volumeId)
      })
    })
  }

  async removeSnapshot(id: string, volumeId: string): Promise<void> {
    checkId(id, volumeId)
    await this.#content.run(volumeId, async () => {
      const file = this.#layout.find(volumeId)
      if (!file || !(await this.#layout.snapshots(file)).some((entry) => entry.name === id)) return
      if (file.format === 'qcow2') await this.#serving.removeSnapshot(file, id)
      else await this.#layout.removeSnapshotCopy(id, volumeId)
    })
  }

  async connect(id: string, attachmentId: string, readOnly: boolean): Promise<VolumeConnection> {
    checkId(id, attachmentId)
    const wanted: Connection = { volumeId: id, attachmentId, readOnly }
    await this.#attaching.run(id, async () => {
      const file = this.#layout.get(id)
      const known = this.#connections.get(attachmentId)
      if (known && known.volumeId !== id) throw new Error(`Attachment ${attachmentId} is of volume ${known.volumeId}.`)
      if (known && known.readOnly !== readOnly) await this.#serving.unserve(id, attachmentId)
      await this.#note(() => this.#connections.put(wanted))
      try {
        await this.#serving.serve(file, wanted)
      } catch (error) {
        await this.#note(() => this.#connections.remove(attachmentId))
        throw error
      }
    })
    return { kind: 'nbd', address: { socket: this.#settings.nbdSocket }, export: attachmentId }
  }

  async disconnect(id: string, attachmentId: string): Promise<void> {
    checkId(id, attachmentId)
    await this.#attaching.run(id, async () => {
      const known = this.#connections.get(attachmentId)
      if (known && known.volumeId !== id) return
      // First the note, then the deed: after a crash in between, open does the rest.
      await this.#note(() => this.#connections.remove(attachmentId))
      await this.#serving.unserve(id, attachmentId)
    })
  }

  async read(id: string, format: 'raw' | 'qcow2'): Promise<{ sizeBytes: number; stream: Readable }> {
    checkId(id)
    return this.#drafted(async (draft) => {
      await this.#copyNow(id, draft, format)
      const { size } = await stat(draft)
      const stream = await openedStream(draft, { highWaterMark: 512 * 1024 })
      // The copy loses its name while it is read, so a crash leaves nothing.
      await rm(draft)
      return { sizeBytes: size, stream }
    })
  }

  async observe(): Promise<ObservedVolumes> {
    const files = await this.#layout.volumes()
    const snapshots: ObservedVolumes['snapshots'] = []
    for (const file of files) {
      for (const { name } of await this.#layout.snapshots(file)) snapshots.push({ id: name, volumeId: file.id })
    }
    const connected = [...new Set(this.#connections.all().map((connection) => connection.volumeId))].sort()
    return { volumes: files.map((file) => file.id), snapshots, connected }
  }

  async removeAll(): Promise<void> {
    await this.#serving.close()
    const pid = await findDaemonPid(this.#settings)
    if (pid !== undefined) await endDaemon(this.#settings, pid)
    for (const dir of [this.#settings.dir, this.#settings.runtimeDir]) await rm(dir, { recursive: true, force: true })
  }

  /** Makes a draft by `fill` and gives it the volume's name; a volume of that size that is there already will do. */
  async #create(id: string, sizeGiB: number, fill: (draft: string) => Promise<void>): Promise<void> {
    checkId(id)
    if (!Number.isInteger(sizeGiB) || sizeGiB < 1)
      throw new Error(`A volume has whole GiB, at least 1; not ${sizeGiB}.`)
    await this.#content.run(id, async () => {
      const there = this.#layout.find(id)
      if (there) {
        const thereGiB = (await this.#layout.sizeBytes(there)) / bytesPerGiB
        if (thereGiB !== sizeGiB) throw new Error(`Volume ${id} is there already, with ${thereGiB} GiB.`)
        return
      }
      await this.#drafted(async (draft) => {
        await fill(draft)
        await this.#layout.landVolume(draft, id, this.#settings.format)
      })
    })
  }

  async #fromImage(draft: string, sizeGiB: number, format: 'raw' | 'qcow2', bytes: Readable): Promise<void> {
    const sizeBytes = sizeGiB * bytesPerGiB
    const tooLarge = `The image is larger than the volume of ${sizeGiB} GiB. Ask for a larger volume.`
    const asIs = format === 'raw' && this.#settings.format === 'raw'
    await this.#drafted(async (upload) => {
      const path = asIs ? draft : upload
      await receive(bytes, path, format === 'raw' ? sizeBytes : sizeBytes + qcow2OverheadBytes, tooLarge)
      await giveTo(path, this.#settings.runAs)
      if (format === 'qcow2' && (await checkForeignQcow2(path)) > sizeBytes) throw new Error(tooLarge)
      if (!asIs)
        await qemuImg(this.#settings.qemuImg, ['convert', '-f', format, '-O', this.#settings.format, path, draft])
    })
    await this.#resizeDraft(draft, sizeGiB)
  }

  /** A copy of the volume's present content, in the given format. */
  async #copyNow(id: string, draft: string, format: 'qcow2' | 'raw'): Promise<void> {
    await this.#content.run(id, async () => {
      const file = this.#layout.get(id)
      if (format === 'qcow2') return this.#copyDisk(file, draft)
      // Through a qcow2, which keeps zeroes as holes where the daemon would write them out into a raw file.
      await this.#drafted(async (between) => {
        await this.#copyDisk(file, between)
        await qemuImg(this.#settings.qemuImg, ['convert', '-f', 'qcow2', '-O', 'raw', between, draft])
      })
    })
  }

  async #copyDisk(file: VolumeFile, draft: string): Promise<void> {
    await createDisk(this.#settings.qemuImg, draft, 'qcow2', await this.#layout.sizeBytes(file))
    await this.#serving.copyNow(file, draft)
  }

  /** A snapshot's copy has the size that its volume has now, which may be more or less than what was asked for. */
  async #resizeDraft(draft: string, sizeGiB: number): Promise<void> {
    if (this.#settings.format === 'raw') return truncate(draft, sizeGiB * bytesPerGiB)
    await qemuImg(this.#settings.qemuImg, ['resize', '-q', '--shrink', '-f', 'qcow2', draft, `${sizeGiB}G`])
  }

  async #drafted<T>(task: (draft: string) => Promise<T>): Promise<T> {
    const draft = this.#layout.draft()
    try {
      return await task(draft)
    } finally {
      await rm(draft, { force: true })
    }
  }

  /** One writer at a time for the file of connections. */
  #note(change: () => Promise<void>): Promise<void> {
    return this.#attaching.run('connections', change)
  }

  #wanted(): { connection: Connection; file: VolumeFile }[] {
    return this.#connections.all().flatMap((connection) => {
      const file = this.#layout.find(connection.volumeId)
      if (file) return [{ connection, file }]
      this.#settings.log.error({ ...connection }, 'a connected volume has no file; restore it or detach the volume')
      return []
    })
  }
}

function checkFits(neededBytes: number, sizeGiB: number, what: string): void {
  if (neededBytes <= sizeGiB * bytesPerGiB) return
  const neededGiB = Math.ceil(neededBytes / bytesPerGiB)
  throw new Error(`${sizeGiB} GiB are too few for ${what}, which needs ${neededGiB} GiB.`)
}
