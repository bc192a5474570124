// The monitor of one QEMU process: JSON lines over a unix socket, answers matched by id, events handed on.
import { connect, type Socket } from 'node:net'

export interface QmpEvent {
  event: string
  data: Record<string, unknown>
}

/** QEMU's own refusal of a command. */
export class QmpError extends Error {
  readonly class: string
  constructor(command: string, error: { class: string; desc: string }) {
    super(`QEMU refused ${command}: ${error.desc}`)
    this.class = error.class
  }
}

interface Message {
  QMP?: object
  id?: number
  return?: unknown
  error?: { class: string; desc: string }
  event?: string
  data?: Record<string, unknown>
}

interface Pending {
  command: string
  settle: (value: unknown) => void
  fail: (error: Error) => void
  timer: NodeJS.Timeout
}

export class QmpClient {
  #socket: Socket
  #commandWithinMs: number
  #pending = new Map<number, Pending>()
  #nextId = 1
  #unread = ''
  #greeted: () => void = () => undefined
  #eventListeners = new Set<(event: QmpEvent) => void>()
  #closeListeners = new Set<() => void>()
  #isClosed = false

  private constructor(socket: Socket, commandWithinMs: number) {
    this.#socket = socket
    this.#commandWithinMs = commandWithinMs
    socket.setEncoding('utf8')
    socket.on('data', (text) => this.#read(String(text)))
    socket.on('error', () => undefined) // 'close' follows and tells everybody.
    socket.on('close', () => this.#closed())
  }

  /** Connects once; throws with the socket's own error code, or when QEMU does not greet within `greetWithinMs`. */
  static async connect(path: string, greetWithinMs: number, commandWithinMs: number): Promise<QmpClient> {
    const socket = connect(path)
    await new Promise<void>((settle, fail) => {
      socket.once('connect', settle)
      socket.once('error', fail)
    })
    const client = new QmpClient(socket, commandWithinMs)
    try {
      await client.#greeting(path, greetWithinMs)
      await client.execute('qmp_capabilities')
    } catch (error) {
      client.close()
      throw error
    }
    return client
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Throws `QmpError` where QEMU refuses, `Error` where the connection ends or no answer comes in time. */
  execute(command: string, args: object = {}, withinMs = this.#commandWithinMs): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Error(`QEMU is gone: ${command} was not sent`))
    const id = this.#nextId++
    return new Promise((settle, fail) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        fail(new Error(`QEMU did not answer ${command} within ${withinMs} ms`))
      }, withinMs)
      this.#pending.set(id, { command, settle, fail, timer })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
  }

  /** Calls back on every event until the returned function is called. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  /**
   * The first event that `isIt` accepts, counted from now; undefined when none came within `withinMs` (no limit when
   * that is undefined). Throws where the connection ends or `signal` fires.
   */
  waitFor(isIt: (event: QmpEvent) => boolean, withinMs?: number, signal?: AbortSignal): Promise<QmpEvent | undefined> {
    return new Promise((settle, fail) => {
      const finish = (act: () => void) => {
        stopListening()
        stopWatching()
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        act()
      }
      const aborted = () => finish(() => fail(signal?.reason))
      const stopListening = this.onEvent((event) => isIt(event) && finish(() => settle(event)))
      const stopWatching = this.onClose(() => finish(() => fail(new Error('QEMU ended meanwhile'))))
      const timer = withinMs === undefined ? undefined : setTimeout(() => finish(() => settle(undefined)), withinMs)
      signal?.addEventListener('abort', aborted)
      if (signal?.aborted) aborted()
      else if (this.#isClosed) finish(() => fail(new Error('QEMU is gone')))
    })
  }

  /** Lets go without a word; QEMU goes on. */
  close(): void {
    this.#closeListeners.clear()
    this.#eventListeners.clear()
    this.#socket.destroy()
    this.#closed()
  }

  #greeting(path: string, withinMs: number): Promise<void> {
    return new Promise((settle, fail) => {
      const timer = setTimeout(
        () => fail(new Error(`QEMU does not greet on ${path}: is another process holding its monitor?`)),
        withinMs,
      )
      const stopWatching = this.onClose(() => {
        clearTimeout(timer)
        fail(new Error('QEMU closed its monitor at once'))
      })
      this.#greeted = () => {
        clearTimeout(timer)
        stopWatching()
        settle()
      }
    })
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n')
    this.#unread = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) this.#handle(JSON.parse(line) as Message)
  }

  #handle(message: Message): void {
    if (message.QMP) {
      this.#greeted()
      return
    }
    if (message.event) {
      for (const listener of [...this.#eventListeners]) listener({ event: message.event, data: message.data ?? {} })
      return
    }
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
    if (!pending) return
    this.#pending.delete(message.id!)
    clearTimeout(pending.timer)
    if (message.error) pending.fail(new QmpError(pending.command, message.error))
    else pending.settle(message.return)
  }

  #closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { command, fail, timer } of this.#pending.values()) {
      clearTimeout(timer)
      fail(new Error(`QEMU ended before it answered ${command}`))
    }
    this.#pending.clear()
    for (const listener of [...this.#closeListeners]) listener()
  }
}
