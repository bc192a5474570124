// The storage daemon's monitor: JSON lines over a unix socket, answers matched by id, events handed on.
import { connect, type Socket } from 'node:net'

interface Message {
  QMP?: object
  id?: number
  return?: unknown
  error?: { desc: string }
  event?: string
  data?: Record<string, unknown>
}

interface Waiting {
  settle(value: unknown): void
  fail(error: Error): void
}

export interface QmpPatience {
  /** For the greeting, ms. */
  greetWithinMs: number
  /** For the first answer, ms; a daemon that was found may still work for whoever had it before. */
  firstAnswerWithinMs: number
  /** For every other answer, ms. */
  answerWithinMs: number
}

/** The daemon took a command and says nothing: it is stuck, and only ending it helps. */
export class NoAnswer extends Error {}

export class QmpClient {
  readonly #socket: Socket
  readonly #answerWithinMs: number
  readonly #answers = new Map<number, Waiting>()
  readonly #watchers = new Set<{ isIt(event: string, data: Record<string, unknown>): boolean } & Waiting>()
  #lastId = 0
  #rest = ''
  #isClosed = false
  #isStuck = false
  /** Called once when the connection ends, whoever ended it. */
  onClose: () => void = () => {}

  private constructor(socket: Socket, answerWithinMs: number) {
    this.#socket = socket
    this.#answerWithinMs = answerWithinMs
  }

  /** Throws with the socket's error code where nobody listens, or where the monitor belongs to somebody else now. */
  static async connect(path: string, patience: QmpPatience): Promise<QmpClient> {
    const socket = connect(path)
    await new Promise<void>((settle, fail) => {
      socket.once('connect', settle)
      socket.once('error', fail)
    })
    const client = new QmpClient(socket, patience.answerWithinMs)
    const greeting = new Promise<void>((settle, fail) => {
      const busy = `The storage daemon does not greet on ${path}. Does another process hold its monitor?`
      const timer = setTimeout(() => fail(new Error(busy)), patience.greetWithinMs)
      const settled = (act: () => void) => () => {
        clearTimeout(timer)
        act()
      }
      client.#answers.set(0, { settle: settled(settle), fail: (error) => settled(() => fail(error))() })
    })
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => client.#read(text))
    socket.on('error', () => {}) // 'close' follows and tells everybody.
    socket.on('close', () => client.#ended())
    try {
      await greeting
      await client.execute('qmp_capabilities', {}, patience.firstAnswerWithinMs)
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

  /** Throws where the daemon refuses or ends. One that does not answer is let go of: `NoAnswer`, then `onClose`. */
  execute(command: string, args: object = {}, withinMs = this.#answerWithinMs): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Error(`The storage daemon ended; ${command} was not sent.`))
    const id = ++this.#lastId
    return new Promise((settle, fail) => {
      const late = `The storage daemon did not answer ${command} within ${withinMs} ms. Is its disk stuck?`
      const timer = setTimeout(() => {
        this.#answers.delete(id)
        this.#isStuck = true
        fail(new NoAnswer(late))
        this.close()
      }, withinMs)
      const finish = (act: () => void) => {
        clearTimeout(timer)
        this.#answers.delete(id)
        act()
      }
      this.#answers.set(id, {
        settle: (value) => finish(() => settle(value)),
        fail: (error) => finish(() => fail(new Error(`${command}: ${error.message}`, { cause: error }))),
      })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
  }

  /** Settles on the next event that fits, counted from this call; throws where the daemon ends before. */
  waitFor(isIt: (event: string, data: Record<string, unknown>) => boolean): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Error('The storage daemon ended.'))
    return new Promise((settle, fail) => this.#watchers.add({ isIt, settle, fail }))
  }

  /** Lets go; the daemon goes on. */
  close(): void {
    this.#socket.destroy()
    this.#ended()
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) this.#handle(JSON.parse(line) as Message)
  }

  #handle(message: Message): void {
    if (message.event) this.#tell(message.event, message.data ?? {})
    const waiting = this.#answers.get(message.QMP ? 0 : (message.id ?? -1))
    if (message.QMP) this.#answers.delete(0)
    if (message.error) waiting?.fail(new Error(message.error.desc))
    else waiting?.settle(message.return)
  }

  #tell(event: string, data: Record<string, unknown>): void {
    for (const watcher of [...this.#watchers]) {
      if (!watcher.isIt(event, data)) continue
      this.#watchers.delete(watcher)
      watcher.settle(undefined)
    }
  }

  #ended(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const error = new Error('the storage daemon ended')
    for (const waiting of [...this.#answers.values(), ...this.#watchers]) waiting.fail(error)
    this.#answers.clear()
    this.#watchers.clear()
    this.onClose()
  }
}
