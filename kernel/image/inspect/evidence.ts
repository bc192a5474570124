// Keeps the few regions of an image that tell its nature, while the rest passes by.
import { Peek } from './peek.ts'

/** Reaches past the ISO descriptors at 32 KiB, a VMDK's descriptor and a qcow2 header with its extensions. */
export const headBytes = 64 * 1024
/** A fixed VHD ends with its footer, a streamed VMDK with three sectors of closing words. */
export const tailBytes = 1536
/** A hostile file cannot make us keep more than this. */
const maxWindows = 8
const maxWindowBytes = 64 * 1024

interface Window {
  offset: number
  bytes: Buffer
  filledBytes: number
}

/** A region becomes known only if it was asked for before it passed. */
export class Evidence {
  readonly #windows: Window[] = []
  #tail: Buffer = Buffer.alloc(0)
  #sizeBytes = 0

  constructor() {
    this.want(0, headBytes)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get head(): Peek {
    return this.#peek(this.#windows[0]!)
  }

  /** The last bytes so far, at most `tailBytes`. */
  get tail(): Peek {
    return new Peek(this.#tail)
  }

  /** Asks for a region; false where that is too much to keep. */
  want(offset: number, length: number): boolean {
    if (this.#windows.some((window) => window.offset === offset && window.bytes.length >= length)) return true
    if (this.#windows.length >= maxWindows || length > maxWindowBytes || !Number.isSafeInteger(offset)) return false
    this.#windows.push({ offset, bytes: Buffer.alloc(length), filledBytes: 0 })
    return true
  }

  /** The region as far as it came by; undefined where it was not asked for in time. */
  at(offset: number): Peek | undefined {
    const window = this.#windows.find((entry) => entry.offset === offset)
    return window && window.filledBytes > 0 ? this.#peek(window) : undefined
  }

  /** Takes the next chunk of the stream. */
  add(chunk: Buffer): void {
    this.offer(this.#sizeBytes, chunk)
    this.#sizeBytes += chunk.length
    this.#tail =
      chunk.length >= tailBytes
        ? Buffer.from(chunk.subarray(chunk.length - tailBytes))
        : Buffer.concat([this.#tail, chunk]).subarray(-tailBytes)
  }

  /** Lets the open windows take what they need of bytes at `position`; they fill from their start, without gaps. */
  offer(position: number, chunk: Buffer): void {
    for (const window of this.#windows) {
      const next = window.offset + window.filledBytes
      if (window.filledBytes === window.bytes.length || next < position || next >= position + chunk.length) continue
      window.filledBytes += chunk.copy(window.bytes, window.filledBytes, next - position)
    }
  }

  /** The regions that are still empty: a reader with random access fetches them. */
  missing(): { offset: number; length: number }[] {
    return this.#windows
      .filter(
        (window) => window.filledBytes < window.bytes.length && window.offset + window.filledBytes < this.#sizeBytes,
      )
      .map((window) => ({
        offset: window.offset + window.filledBytes,
        length: window.bytes.length - window.filledBytes,
      }))
  }

  /** For random access: the size and the end of the file, without what lies before. */
  setEnd(sizeBytes: number, tail: Buffer): void {
    this.#sizeBytes = sizeBytes
    this.#tail = tail
  }

  #peek(window: Window): Peek {
    return new Peek(window.bytes.subarray(0, window.filledBytes))
  }
}
