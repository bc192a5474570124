// Many people at one serial console. QEMU's serial socket takes a single client, and a client that does not read
// stops the guest's console; so there is one connection per guest, always read, and whoever is too slow is let go.
// While nobody looks there is no connection at all: QEMU then throws the bytes away after logging them.
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** How much may wait for an observer before it is let go, bytes. */
const patience = 1024 * 1024

export class SerialHub {
  #path: string
  #line: Promise<Line> | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** A stream of its own for one observer: sees all that comes from now on, types into the shared line. */
  async open(): Promise<Duplex> {
    this.#line ??= this.#connect()
    return (await this.#line).join()
  }

  close(): void {
    const line = this.#line
    this.#line = undefined
    line?.then(
      (connected) => connected.close(),
      () => undefined, // Told to whoever opened it.
    )
  }

  async #connect(): Promise<Line> {
    const socket = connect(this.#path)
    try {
      await new Promise<void>((settle, fail) => {
        socket.once('connect', settle)
        socket.once('error', fail)
      })
    } catch (error) {
      this.#line = undefined
      throw new Error(`the guest's serial console cannot be reached: ${(error as Error).message}`)
    }
    return new Line(socket, () => {
      this.#line = undefined
    })
  }
}

/** One connection and all who look at it; over when the guest ends or the last of them leaves. */
class Line {
  #socket: Socket
  #observers = new Set<Observer>()
  #over: () => void
  #isOver = false

  constructor(socket: Socket, over: () => void) {
    this.#socket = socket
    this.#over = over
    socket.on('error', () => undefined) // 'close' follows.
    socket.on('close', () => this.close())
    socket.on('data', (bytes) => {
      for (const observer of [...this.#observers]) observer.show(Buffer.from(bytes))
    })
  }

  join(): Observer {
    const observer: Observer = new Observer(this.#socket, () => {
      this.#observers.delete(observer)
      if (!this.#observers.size) this.close()
    })
    this.#observers.add(observer)
    return observer
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#over()
    this.#socket.destroy()
    for (const observer of [...this.#observers]) observer.hangUp()
  }
}

class Observer extends Duplex {
  #socket: Socket
  #leave: () => void

  constructor(socket: Socket, leave: () => void) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.#leave = leave
  }

  show(bytes: Buffer): void {
    if (this.readableEnded || this.destroyed) return
    this.push(bytes)
    if (this.readableLength > patience) this.destroy(new Error('too slow for this console: connect again'))
  }

  hangUp(): void {
    if (!this.readableEnded && !this.destroyed) this.push(null)
  }

  override _read(): void {
    // Bytes come when they come; the line is never stopped.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    done()
    this.destroy() // Who types no more has gone.
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#leave()
    done(error)
  }
}
