// The image store's twin in memory: for disposable clouds, scale runs and tests.
import { Readable } from 'node:stream'
import type { ImageStore } from '../../../kernel/image/driver.ts'

/** Hand the same one to the next store to act out a restart. */
export type SimulatedImageState = Map<string, Buffer>

export interface SimulatedImageStoreOptions {
  /** All images together may not be larger, uploads under way included. Default 256 MiB. */
  maxBytes?: number
  state?: SimulatedImageState
}

export type ImageStoreOperation = 'put' | 'get' | 'remove' | 'list'

export class SimulatedImageStore implements ImageStore {
  readonly name = 'simulated'
  readonly #images: SimulatedImageState
  readonly #maxBytes: number
  readonly #failures = new Map<ImageStoreOperation, Error>()
  #usedBytes: number

  constructor(options: SimulatedImageStoreOptions = {}) {
    this.#images = options.state ?? new Map()
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024
    this.#usedBytes = 0
    for (const image of this.#images.values()) this.#usedBytes += image.length
  }

  /** The next call of this operation throws this error, once. */
  failNext(operation: ImageStoreOperation, error: Error): void {
    this.#failures.set(operation, error)
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async put(id: string, bytes: Readable): Promise<{ sizeBytes: number }> {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    try {
      this.#maybeFail('put')
      for await (const chunk of bytes) {
        // A copy: whoever sends may use its buffer again.
        const copy = Buffer.from(chunk)
        chunks.push(copy)
        sizeBytes += copy.length
        this.#usedBytes += copy.length
        if (this.#usedBytes > this.#maxBytes) {
          throw new Error(`The simulated image store is full (${this.#maxBytes} bytes). Raise maxBytes.`)
        }
      }
      if (this.#images.has(id)) throw new Error(`Image ${id} is in the store already; images are never replaced.`)
      this.#images.set(id, Buffer.concat(chunks))
      return { sizeBytes }
    } catch (error) {
      bytes.destroy()
      this.#usedBytes -= sizeBytes
      throw error
    }
  }

  async get(id: string, range?: { start: number; end: number }): Promise<Readable> {
    this.#maybeFail('get')
    const image = this.#images.get(id)
    if (!image) throw new Error(`Image ${id} is not in the simulated store.`)
    return Readable.from(pieces(range ? image.subarray(range.start, range.end + 1) : image), { objectMode: false })
  }

  localPath(): undefined {
    return undefined
  }

  async remove(id: string): Promise<void> {
    this.#maybeFail('remove')
    this.#usedBytes -= this.#images.get(id)?.length ?? 0
    this.#images.delete(id)
  }

  async list(): Promise<string[]> {
    this.#maybeFail('list')
    return [...this.#images.keys()].sort()
  }

  #maybeFail(operation: ImageStoreOperation): void {
    const error = this.#failures.get(operation)
    if (!error) return
    this.#failures.delete(operation)
    throw error
  }
}

/** In pieces, so that readers meet backpressure here too. */
function* pieces(image: Buffer): Generator<Buffer> {
  const pieceBytes = 64 * 1024
  for (let at = 0; at < image.length; at += pieceBytes) yield image.subarray(at, at + pieceBytes)
}
