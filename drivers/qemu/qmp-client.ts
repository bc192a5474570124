// The monitor of a QEMU program: JSON lines over a unix socket, answers matched by id, events handed on.
import { connect, type Socket } from 'node:net'

export interface QmpOptions {
  /** Who is spoken to, as errors name it: `The storage daemon`. */
  peer: string
  greetWithinMs: number
  /** For the first answer; a program that was found may still work for whoever had it before. */
  firstAnswerWithinMs: number
  /** For every other answer. */
  answerWithinMs: number
  /** Whether one late answer ends the connection: for a program that can be replaced. Default: the next may be in time. */
  endsOnSilence?: boolean
}

export interface QmpEvent {
  event: string
  data: Record<string, unknown>
}

/** QEMU's own refusal of a command. */
export class QmpError extends Error {
  readonly class: string
  constructor(peer: string, command: string, error: { class: string; desc: string }) {
    super(`${peer} refused ${command}: ${error.desc}`)
    this.class = error.class
  }
}

/** A command was taken and not answered in time. Where it was the first one, only ending the program helps. */
export class NoAnswer extends Error {}

interface Message {
  QMP?: object
  id?: number
  return?: unknown
  error?: { class: string; desc: string }
  event?: string
  data?: Record<string, unknown>
}

interface Waiting {
  settle(value: unknown): void
  fail(error: Error): void
}

interface Watcher extends Waiting {
  isIt(event: QmpEvent): boolean
}

/** The greeting has no id; ours begin at 1. */
const greetingId = 0

export class QmpClient {
  readonly #socket: Socket
  readonly #options: QmpOptions
  readonly #answers = new Map<number, Waiting & { command: string }>()
  readonly #watchers = new Set<Watcher>()
  readonly #eventListeners = new Set<(event: QmpEvent) => void>()
  readonly #closeListeners = new Set<() => void>()
  #lastId = greetingId
  #unread = ''
  #isClosed = false
  #isStuck = false

  private constructor(socket: Socket, options: QmpOptions) {
    this.#socket = socket
    this.#options = options
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', () => {}) // 'close' follows and tells everybody.
    socket.on('close', () => this.#ended())
  }

  /**
   * Connects once. Throws with the socket's own error code where nobody listens, `NoAnswer` where the program greets
   * and is mute then, `Error` where it does not even greet: its monitor speaks to one client at a time.
   */
  static async connect(path: string, options: QmpOptions): Promise<QmpClient> {
    const socket = connect(path)
    await new Promise<void>((settle, fail) => {
      socket.once('connect', settle)
      socket.once('error', fail)
    })
    const client = new QmpClient(socket, options)
    const { peer, greetWithinMs, firstAnswerWithinMs } = options
    const busy = `${peer} does not greet on ${path}. Does another process hold its monitor?`
    try {
      await client.#expect(greetingId, 'the connection', greetWithinMs, () => new Error(busy))
      await client.execute('qmp_capabilities', {}, firstAnswerWithinMs)
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** True once a command was not answered in time. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Throws `QmpError` where QEMU refuses, `NoAnswer` where it is late, `Error` where the connection ends. */
  execute(command: string, args: object = {}, withinMs = this.#options.answerWithinMs): Promise<unknown> {
    const { peer, endsOnSilence } = this.#options
    if (this.#isClosed) return Promise.reject(new Error(`${peer} is gone; ${command} was not sent.`))
    const id = ++this.#lastId
    const answer = this.#expect(id, command, withinMs, () => {
      this.#isStuck = true
      if (endsOnSilence) this.#end()
      return new NoAnswer(`${peer} did not answer ${command} within ${withinMs} ms. Is its disk stuck?`)
    })
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    return answer
  }

  /** Calls back on every event until the returned function is called. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  /** Calls back once when the connection ends, unless it was we who closed it. */
  onClose(listener: () => void): void {
    this.#closeListeners.add(listener)
  }

  /**
   * The first event that `isIt` accepts, counted from now; undefined when none came within `withinMs` (no limit when
   * that is undefined). Throws where the connection ends or `signal` fires.
   */
  waitFor(isIt: (event: QmpEvent) => boolean, withinMs?: number, signal?: AbortSignal): Promise<QmpEvent | undefined> {
    if (this.#isClosed) return Promise.reject(new Error(`${this.#options.peer} is gone.`))
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((settle, fail) => {
      const finish = (act: () => void) => {
        this.#watchers.delete(watcher)
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        act()
      }
      const watcher: Watcher = {
        isIt,
        settle: (event) => finish(() => settle(event as QmpEvent | undefined)),
        fail: (error) => finish(() => fail(error)),
      }
      const aborted = () => watcher.fail(signal?.reason)
      const timer = withinMs === undefined ? undefined : setTimeout(() => watcher.settle(undefined), withinMs)
      signal?.addEventListener('abort', aborted)
      this.#watchers.add(watcher)
    })
  }

  /** Lets go without a word; QEMU goes on. */
  close(): void {
    this.#closeListeners.clear()
    this.#eventListeners.clear()
    this.#end()
  }

  #end(): void {
    this.#socket.destroy()
    this.#ended()
  }

  #expect(id: number, command: string, withinMs: number, late: () => Error): Promise<unknown> {
    return new Promise((settle, fail) => {
      const finish = (act: () => void) => {
        clearTimeout(timer)
        this.#answers.delete(id)
        act()
      }
      const waiting = {
        command,
        settle: (value: unknown) => finish(() => settle(value)),
        fail: (error: Error) => finish(() => fail(error)),
      }
      const timer = setTimeout(() => finish(() => fail(late())), withinMs)
      this.#answers.set(id, waiting)
    })
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n')
    this.#unread = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) this.#handle(JSON.parse(line) as Message)
  }

  #handle(message: Message): void {
    if (message.event) this.#tell({ event: message.event, data: message.data ?? {} })
    // Nobody waits any more for an answer that comes late.
    const waiting = this.#answers.get(message.QMP ? greetingId : (message.id ?? -1))
    if (message.error) waiting?.fail(new QmpError(this.#options.peer, waiting.command, message.error))
    else waiting?.settle(message.return)
  }

  #tell(event: QmpEvent): void {
    for (const listener of [...this.#eventListeners]) listener(event)
    for (const watcher of [...this.#watchers]) if (watcher.isIt(event)) watcher.settle(event)
  }

  #ended(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { peer } = this.#options
    for (const waiting of [...this.#answers.values()])
      waiting.fail(new Error(`${peer} ended before it answered ${waiting.command}.`))
    for (const watcher of [...this.#watchers]) watcher.fail(new Error(`${peer} ended meanwhile.`))
    for (const listener of [...this.#closeListeners]) listener()
  }
}
