// The volume driver's twin in memory: the same rules, no disks; for disposable clouds, scale runs and tests.
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { ObservedVolumes, PoolCapacity, VolumeConnection, VolumeDriver } from '../../../kernel/volume/driver.ts'
import { emptyQcow2 } from './empty-qcow2.ts'

interface SimulatedVolume {
  sizeGiB: number
  /** The first bytes of a raw image that filled it; copies share them. */
  content: Buffer
  snapshots: Map<string, { sizeGiB: number; content: Buffer }>
  attachments: Map<string, boolean>
}

/** Hand the same one to the next driver to act out a restart. */
export type SimulatedVolumeState = Map<string, SimulatedVolume>

export type VolumeOperation = Exclude<keyof VolumeDriver, 'name' | 'open' | 'close'>

export interface SimulatedVolumeOptions {
  /** How long every operation takes, milliseconds. Default 0. */
  delayMs?: number
  /** Default 1000. Provisioning is thin, so sizes do not count against it. */
  totalGiB?: number
  state?: SimulatedVolumeState
}

/** What is kept of an image's bytes and given back by `read`, so that ten thousand volumes fit in memory. */
const keptBytes = 1024 * 1024

export class SimulatedVolumeDriver implements VolumeDriver {
  readonly name = 'simulated'
  readonly #volumes: SimulatedVolumeState
  readonly #totalGiB: number
  readonly #failures = new Map<VolumeOperation, Error>()
  delayMs: number

  constructor(options: SimulatedVolumeOptions = {}) {
    this.#volumes = options.state ?? new Map()
    this.#totalGiB = options.totalGiB ?? 1000
    this.delayMs = options.delayMs ?? 0
  }

  /** The next call of this operation throws this error, once, having changed nothing. */
  failNext(operation: VolumeOperation, error: Error): void {
    this.#failures.set(operation, error)
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async capacity(): Promise<PoolCapacity> {
    await this.#begin('capacity')
    return { totalGiB: this.#totalGiB, freeGiB: this.#totalGiB, thinProvisioning: true }
  }

  async createEmpty(id: string, sizeGiB: number): Promise<void> {
    await this.#begin('createEmpty')
    this.#create(id, sizeGiB, () => Buffer.alloc(0))
  }

  async createFromImage(id: string, sizeGiB: number, format: 'raw' | 'qcow2', bytes: Readable): Promise<void> {
    try {
      await this.#begin('createFromImage')
      const kept: Buffer[] = []
      let sizeBytes = 0
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        if (sizeBytes < keptBytes) kept.push(Buffer.from(chunk.subarray(0, keptBytes - sizeBytes)))
        sizeBytes += chunk.length
        if (format === 'raw' && sizeBytes > sizeGiB * 1024 ** 3) throw tooLarge(sizeGiB)
      }
      const content = Buffer.concat(kept)
      if (format === 'qcow2') checkQcow2(content, sizeGiB)
      this.#create(id, sizeGiB, () => (format === 'raw' ? content : Buffer.alloc(0)))
    } finally {
      bytes.destroy()
    }
  }

  async createFromSnapshot(id: string, sizeGiB: number, snapshot: { id: string; volumeId: string }): Promise<void> {
    await this.#begin('createFromSnapshot')
    this.#create(id, sizeGiB, () => {
      const source = this.#get(snapshot.volumeId).snapshots.get(snapshot.id)
      if (!source) throw new Error(`Volume ${snapshot.volumeId} has no snapshot ${snapshot.id}.`)
      checkFits(source.sizeGiB, sizeGiB, `snapshot ${snapshot.id}`)
      return source.content
    })
  }

  async createFromVolume(id: string, sizeGiB: number, sourceId: string): Promise<void> {
    await this.#begin('createFromVolume')
    this.#create(id, sizeGiB, () => {
      const source = this.#get(sourceId)
      checkFits(source.sizeGiB, sizeGiB, `volume ${sourceId}`)
      return source.content
    })
  }

  async remove(id: string): Promise<void> {
    await this.#begin('remove')
    const volume = this.#volumes.get(id)
    if (!volume) return
    const { snapshots, attachments } = volume
    if (snapshots.size > 0) throw new Error(`Volume ${id} has ${snapshots.size} snapshots. Remove them first.`)
    if (attachments.size > 0) {
      throw new Error(`Volume ${id} is connected (${[...attachments.keys()].join(', ')}). Disconnect it first.`)
    }
    this.#volumes.delete(id)
  }

  async extend(id: string, sizeGiB: number): Promise<void> {
    await this.#begin('extend')
    const volume = this.#get(id)
    checkFits(volume.sizeGiB, sizeGiB, `volume ${id}`)
    volume.sizeGiB = sizeGiB
  }

  async createSnapshot(id: string, volumeId: string): Promise<void> {
    await this.#begin('createSnapshot')
    const { snapshots, sizeGiB, content } = this.#get(volumeId)
    if (!snapshots.has(id)) snapshots.set(id, { sizeGiB, content })
  }

  async removeSnapshot(id: string, volumeId: string): Promise<void> {
    await this.#begin('removeSnapshot')
    this.#volumes.get(volumeId)?.snapshots.delete(id)
  }

  async connect(id: string, attachmentId: string, readOnly: boolean): Promise<VolumeConnection> {
    await this.#begin('connect')
    const volume = this.#get(id)
    for (const [otherId, other] of this.#volumes) {
      if (otherId !== id && other.attachments.has(attachmentId)) {
        throw new Error(`Attachment ${attachmentId} is of volume ${otherId}.`)
      }
    }
    volume.attachments.set(attachmentId, readOnly)
    return { kind: 'simulated' }
  }

  async disconnect(id: string, attachmentId: string): Promise<void> {
    await this.#begin('disconnect')
    this.#volumes.get(id)?.attachments.delete(attachmentId)
  }

  /** Raw: what is kept of the content, or 1 MiB of zeroes. qcow2: a valid, empty disk of the volume's size. */
  async read(id: string, format: 'raw' | 'qcow2'): Promise<{ sizeBytes: number; stream: Readable }> {
    await this.#begin('read')
    const { sizeGiB, content } = this.#get(id)
    const raw = content.length > 0 ? content : Buffer.alloc(keptBytes)
    const bytes = format === 'raw' ? raw : emptyQcow2(sizeGiB)
    return { sizeBytes: bytes.length, stream: Readable.from([bytes], { objectMode: false }) }
  }

  async observe(): Promise<ObservedVolumes> {
    await this.#begin('observe')
    const all = [...this.#volumes].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      volumes: all.map(([id]) => id),
      snapshots: all.flatMap(([volumeId, { snapshots }]) => [...snapshots.keys()].map((id) => ({ id, volumeId }))),
      connected: all.filter(([, { attachments }]) => attachments.size > 0).map(([id]) => id),
    }
  }

  async removeAll(): Promise<void> {
    this.#volumes.clear()
  }

  #create(id: string, sizeGiB: number, content: () => Buffer): void {
    if (!Number.isInteger(sizeGiB) || sizeGiB < 1)
      throw new Error(`A volume has whole GiB, at least 1; not ${sizeGiB}.`)
    const there = this.#volumes.get(id)
    if (there && there.sizeGiB !== sizeGiB) throw new Error(`Volume ${id} is there already, with ${there.sizeGiB} GiB.`)
    if (there) return
    this.#volumes.set(id, { sizeGiB, content: content(), snapshots: new Map(), attachments: new Map() })
  }

  #get(id: string): SimulatedVolume {
    const volume = this.#volumes.get(id)
    if (!volume) throw new Error(`Volume ${id} is not in the simulated store.`)
    return volume
  }

  async #begin(operation: VolumeOperation): Promise<void> {
    if (this.delayMs > 0) await wait(this.delayMs)
    const failure = this.#failures.get(operation)
    if (!failure) return
    this.#failures.delete(operation)
    throw failure
  }
}

function checkQcow2(content: Buffer, sizeGiB: number): void {
  if (content.length < 72 || content.toString('hex', 0, 4) !== '514649fb') {
    throw new Error('The image is no qcow2 file.')
  }
  if (content.readBigUInt64BE(24) > BigInt(sizeGiB) * 1024n ** 3n) throw tooLarge(sizeGiB)
}

function tooLarge(sizeGiB: number): Error {
  return new Error(`The image is larger than the volume of ${sizeGiB} GiB. Ask for a larger volume.`)
}

function checkFits(neededGiB: number, sizeGiB: number, what: string): void {
  if (neededGiB > sizeGiB) throw new Error(`${sizeGiB} GiB are too few for ${what}, which needs ${neededGiB} GiB.`)
}
