// What image asks of a store of image bytes.
import type { Readable } from 'node:stream'

/** Every call is repeatable. What `put` has acknowledged is on stable storage; what it has not is not visible. */
export interface ImageStore {
  readonly name: string
  open(): Promise<void>
  close(): Promise<void>
  /** Stores the bytes under the image's id, replacing nothing: an id that is there already is an error. */
  put(id: string, bytes: Readable): Promise<{ sizeBytes: number }>
  /** `start` and `end` are byte offsets, the end included. Throws where the image is not there. */
  get(id: string, range?: { start: number; end: number }): Promise<Readable>
  /** A local file with the bytes where the store has one, which spares a copy; the caller only reads it. */
  localPath(id: string): string | undefined
  remove(id: string): Promise<void>
  list(): Promise<string[]>
}
