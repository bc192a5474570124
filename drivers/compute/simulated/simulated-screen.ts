// The graphical console of a simulated guest: enough of RFB 3.8 (RFC 6143) that a viewer connects and sees a screen.
import { Duplex } from 'node:stream'

const width = 320
const height = 200
/** Dark blue, as little-endian 32-bit BGRX. */
const colour = 0x00402010

type Stage = { needs: number; handle: (bytes: Buffer) => Stage | undefined }

export class SimulatedScreen extends Duplex {
  #unread = Buffer.alloc(0)
  #stage: Stage | undefined = { needs: 12, handle: () => this.#offerSecurity() }
  #isDrawn = false

  constructor() {
    super({ allowHalfOpen: false })
    this.push('RFB 003.008\n')
  }

  override _read(): void {
    // Bytes come as answers.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unread = Buffer.concat([this.#unread, bytes])
    while (this.#stage && this.#unread.length >= this.#stage.needs) {
      const { needs, handle } = this.#stage
      const taken = this.#unread.subarray(0, needs)
      this.#unread = this.#unread.subarray(needs)
      this.#stage = handle(taken)
    }
    if (!this.#stage) this.destroy()
    done()
  }

  override _final(done: () => void): void {
    done()
    this.destroy()
  }

  #offerSecurity(): Stage {
    this.push(Buffer.from([1, 1])) // One type: none.
    return { needs: 1, handle: () => this.#acceptSecurity() }
  }

  #acceptSecurity(): Stage {
    this.push(Buffer.alloc(4)) // Accepted.
    return { needs: 1, handle: () => this.#describe() }
  }

  #describe(): Stage {
    const name = Buffer.from('simulated guest')
    const start = Buffer.alloc(24)
    start.writeUInt16BE(width, 0)
    start.writeUInt16BE(height, 2)
    // 32 bits per pixel, depth 24, little-endian, true colour, 8 bits each of red, green and blue.
    Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).copy(start, 4)
    start.writeUInt32BE(name.length, 20)
    this.push(Buffer.concat([start, name]))
    return this.#nextMessage()
  }

  #nextMessage(): Stage {
    return { needs: 1, handle: ([type]) => this.#message(type!) }
  }

  /** Message types of the viewer; an unknown one ends the connection, for its length is unknown too. */
  #message(type: number): Stage | undefined {
    const ignore = (needs: number): Stage => ({ needs, handle: () => this.#nextMessage() })
    if (type === 0) return ignore(19) // SetPixelFormat: viewers accept ours.
    if (type === 2) return { needs: 3, handle: (bytes) => ignoreSome(bytes.readUInt16BE(1) * 4, ignore) }
    if (type === 3) return { needs: 9, handle: (bytes) => this.#draw(bytes[0] === 1) }
    if (type === 4) return ignore(7)
    if (type === 5) return ignore(5)
    if (type === 6) return { needs: 7, handle: (bytes) => ignoreSome(bytes.readUInt32BE(3), ignore) }
    return undefined
  }

  #draw(isIncremental: boolean): Stage {
    // Nothing ever changes: an incremental request waits for ever, as RFB allows.
    if (isIncremental && this.#isDrawn) return this.#nextMessage()
    this.#isDrawn = true
    const head = Buffer.alloc(16)
    head.writeUInt16BE(1, 2) // One rectangle, raw, the whole screen.
    head.writeUInt16BE(width, 8)
    head.writeUInt16BE(height, 10)
    const pixels = new Uint32Array(width * height).fill(colour)
    this.push(Buffer.concat([head, new Uint8Array(pixels.buffer)]))
    return this.#nextMessage()
  }
}

/** Longer than any honest clipboard or list of encodings: the viewer is cut off. */
const longestIgnored = 1024 * 1024

const ignoreSome = (bytes: number, ignore: (bytes: number) => Stage) =>
  bytes > longestIgnored ? undefined : ignore(bytes)
