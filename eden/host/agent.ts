// Serves host roles to a controller in another process. Holds no database and no secrets but the key of the hosts.
import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { isProblem, messageOf, notFound, Problem, unauthorized, unavailable } from '../errors.ts'
import { readJson } from '../http/body.ts'
import { accepted, noContent, type RawRequest, type Reply, reply } from '../http/request.ts'
import { type Listening, listen } from '../http/server.ts'
import { refuse } from '../http/websocket.ts'
import type { Log } from '../observe/log.ts'
import type { HostRole } from './host.ts'
import { type AgentLine, beatEveryMs } from './wire.ts'

const maxBodyBytes = 64 * 1024 * 1024

export interface AgentOptions {
  address: string
  port: number
  /** Shared with the controller. */
  key: string
  roles: HostRole[]
  log: Log
}

interface Ask {
  id: string
  input: unknown
}

export class Agent {
  readonly #options: AgentOptions
  readonly #roles: Map<string, HostRole>
  readonly #watchers = new Set<PassThrough>()
  readonly #questions = new Map<string, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  /** Answers that no controller heard: sent when one listens again. */
  readonly #unheard: AgentLine[] = []
  #listening: Listening | undefined
  #beat: NodeJS.Timeout | undefined

  constructor(options: AgentOptions) {
    this.#options = options
    this.#roles = new Map(options.roles.map((role) => [role.service, role]))
  }

  get port() {
    return this.#listening?.port ?? 0
  }

  async start(): Promise<void> {
    for (const role of this.#options.roles)
      await role.start((event, payload) => this.#tell(role.service, event, payload) as never)
    this.#listening = await listen((raw) => this.#handle(raw), {
      address: this.#options.address,
      port: this.#options.port,
      onUpgrade: (raw, message, socket, head) => void this.#connect(raw, message, socket, head),
    })
    this.#beat = setInterval(() => this.#send({ kind: 'beat' }), beatEveryMs)
    this.#beat.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#beat)
    for (const watcher of this.#watchers) watcher.end()
    await this.#listening?.close(1000)
    for (const role of this.#options.roles) await role.stop()
  }

  async #handle(raw: RawRequest): Promise<Reply> {
    try {
      this.#authorize(raw)
      const [, host, version, ...rest] = raw.url.split('/')
      if (host !== 'host' || version !== '1') throw notFound('Agents answer below /host/1 only.')
      if (raw.method === 'GET' && rest[0] === 'events') return this.#events()
      const body = raw.body && 'stream' in raw.body ? await readJson(raw.body.stream, maxBodyBytes) : undefined
      if (rest[0] === 'answers') return this.#answered(rest[1] ?? '', body)
      if (rest[0] === 'streams') return reply(200, await named(this.#role(rest[1]).streams, rest[2])(body as never))
      return this.#operate(rest[0], rest[1], body as Ask)
    } catch (error) {
      const status = isProblem(error) ? error.status : 500
      return reply(status, { message: messageOf(error) })
    }
  }

  #authorize(raw: RawRequest) {
    const given = Buffer.from(raw.headers.authorization ?? '')
    const wanted = Buffer.from(`Bearer ${this.#options.key}`)
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
      throw unauthorized('This agent belongs to another cloud.')
  }

  #role(service: string | undefined): HostRole {
    const role = this.#roles.get(service ?? '')
    if (!role) throw unavailable(`The ${service} role does not run on this host.`)
    return role
  }

  #events(): Reply {
    const watcher = new PassThrough()
    this.#watchers.add(watcher)
    watcher.on('close', () => this.#watchers.delete(watcher))
    watcher.write(`${JSON.stringify({ kind: 'ready' } satisfies AgentLine)}\n`)
    for (const line of this.#unheard.splice(0)) watcher.write(`${JSON.stringify(line)}\n`)
    return reply(200, watcher, { 'content-type': 'application/x-ndjson' })
  }

  #answered(id: string, body: unknown): Reply {
    const question = this.#questions.get(id)
    this.#questions.delete(id)
    const answer = body as { result?: unknown; problem?: { status: number; message: string } } | undefined
    if (answer?.problem) question?.reject(new Problem(answer.problem.status, 'controller', answer.problem.message))
    else question?.resolve(answer?.result)
    return noContent()
  }

  /** Accepts at once; the result follows as a message, so no connection is held for slow work. */
  #operate(service: string | undefined, operation: string | undefined, ask: Ask): Reply {
    const run = named(this.#role(service).operations, operation)
    void run(ask.input as never, new AbortController().signal).then(
      (result) => this.#send({ kind: 'done', id: ask.id, result }),
      (error) => {
        this.#options.log.warn({ err: error, service, operation }, 'a host operation failed')
        this.#send({
          kind: 'failed',
          id: ask.id,
          status: isProblem(error) ? error.status : 500,
          problem: isProblem(error) ? error.kind : 'fault',
          message: messageOf(error),
          ...(isProblem(error) && error.reason && { reason: error.reason }),
        })
      },
    )
    return accepted({})
  }

  #send(line: AgentLine) {
    if (this.#watchers.size === 0 && (line.kind === 'done' || line.kind === 'failed')) this.#unheard.push(line)
    const text = `${JSON.stringify(line)}\n`
    for (const watcher of this.#watchers) watcher.write(text)
  }

  #tell(service: string, event: string, payload: unknown): Promise<unknown> {
    if (this.#watchers.size === 0) return Promise.reject(unavailable('No controller listens to this host now.'))
    const id = randomUUID()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id)
        reject(unavailable('The controller did not answer in time.'))
      }, 20_000)
      timer.unref()
      const settle =
        <T>(finish: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer)
          finish(value)
        }
      this.#questions.set(id, { resolve: settle(resolve), reject: settle(reject) })
      this.#send({ kind: 'news', id, service, event, payload })
    })
  }

  async #connect(raw: RawRequest, _message: IncomingMessage, socket: Duplex, head: Buffer) {
    try {
      this.#authorize(raw)
      const [, , , , service, operation] = raw.url.split('?')[0]!.split('/')
      const input = new URL(raw.url, 'http://agent').searchParams.get('input') ?? 'null'
      const stream = await named(this.#role(service).connections, operation)(JSON.parse(input) as never)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: cloudos-bytes\r\n\r\n')
      if (head.length > 0) stream.write(head)
      socket.pipe(stream).pipe(socket)
      socket.on('error', () => stream.destroy())
      stream.on('error', () => socket.destroy())
    } catch (error) {
      refuse(socket, isProblem(error) ? error.status : 500, messageOf(error))
    }
  }
}

function named<T>(table: Record<string, T> | undefined, name: string | undefined): T {
  const found = table?.[name ?? '']
  if (!found) throw notFound(`This agent does not know '${name}'; it may run an older Cloud OS.`)
  return found
}
