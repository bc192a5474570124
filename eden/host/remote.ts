// A host role in another process or on another machine, as the controller reaches it.
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { type Duplex, Readable } from 'node:stream'
import { isProblem, messageOf, Problem, timedOut, unavailable } from '../errors.ts'
import type { Log } from '../observe/log.ts'
import type { Hosts } from './directory.ts'
import type { Host } from './host.ts'
import { type AgentLine, silentAfterMs } from './wire.ts'

interface Waiting {
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

class AgentConnection {
  readonly #name: string
  readonly #url: string
  readonly #key: string
  readonly #directories: Map<string, Hosts>
  readonly #log: Log
  readonly #services: string[]
  readonly #waiting = new Map<string, Waiting>()
  #isUp = false
  #awaySince: number | undefined
  #stopped = false
  #current: AbortController | undefined
  #loop: Promise<void> | undefined

  constructor(name: string, url: string, key: string, services: string[], directories: Map<string, Hosts>, log: Log) {
    this.#name = name
    this.#url = url.replace(/\/$/, '')
    this.#key = key
    this.#services = services
    this.#directories = directories
    this.#log = log
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#loop = this.#listen(resolve)
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#current?.abort()
    await this.#loop
  }

  host(service: string): Host {
    const isUp = () => this.#isUp
    const awaySince = () => this.#awaySince
    return {
      name: this.#name,
      get isUp() {
        return isUp()
      },
      get awaySince() {
        return awaySince()
      },
      ask: (operation, input, options = {}) => this.#ask(service, operation, input, options) as never,
      stream: async (operation, input) => {
        const response = await this.#fetch('POST', `/host/1/streams/${service}/${operation}`, input)
        return Readable.fromWeb(response.body as never)
      },
      connect: (operation, input) => this.#connect(service, operation, input),
    }
  }

  async #fetch(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    let response: Response
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
    } catch (cause) {
      throw unavailable(`The host '${this.#name}' cannot be reached at ${this.#url}.`, { cause })
    }
    if (!response.ok) {
      const { message } = (await response.json().catch(() => ({}))) as { message?: string }
      throw new Problem(response.status, 'host', message ?? `The host '${this.#name}' refused.`)
    }
    return response
  }

  async #ask(
    service: string,
    operation: string,
    input: unknown,
    options: { signal?: AbortSignal; withinMs?: number },
  ): Promise<unknown> {
    if (!this.#isUp) throw unavailable(`The host '${this.#name}' is down.`)
    const id = randomUUID()
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    answer.catch(() => {})
    const timer = setTimeout(
      () => this.#waiting.get(id)?.reject(timedOut(`The host '${this.#name}' did not finish ${operation} in time.`)),
      options.withinMs ?? 600_000,
    )
    const aborted = () => this.#waiting.get(id)?.reject(options.signal?.reason)
    options.signal?.addEventListener('abort', aborted, { once: true })
    try {
      await this.#fetch('POST', `/host/1/${service}/${operation}`, { id, input })
      return await answer
    } finally {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', aborted)
      this.#waiting.delete(id)
    }
  }

  #connect(service: string, operation: string, input: unknown): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const path = `/host/1/connections/${service}/${operation}?input=${encodeURIComponent(JSON.stringify(input))}`
      const asked = request(`${this.#url}${path}`, {
        headers: { authorization: `Bearer ${this.#key}`, connection: 'Upgrade', upgrade: 'cloudos-bytes' },
      })
      asked.on('upgrade', (_, socket, head) => {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
      })
      asked.on('response', (response) =>
        reject(new Problem(response.statusCode ?? 503, 'host', 'The host refused the connection.')),
      )
      asked.on('error', (cause) => reject(unavailable(`The host '${this.#name}' cannot be reached.`, { cause })))
      asked.end()
    })
  }

  /** Holds the line to the agent open; `first` is called once, when the first try has ended either way. */
  async #listen(first: () => void): Promise<void> {
    let waitMs = 100
    while (!this.#stopped) {
      this.#current = new AbortController()
      try {
        const response = await this.#fetch('GET', '/host/1/events', undefined, this.#current.signal)
        waitMs = 100
        await this.#follow(response, first)
      } catch (error) {
        if (!this.#stopped) this.#log.warn({ host: this.#name, err: messageOf(error) }, 'a host cannot be heard')
      }
      this.#down()
      first()
      if (this.#stopped) return
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      waitMs = Math.min(waitMs * 2, 2000)
    }
  }

  async #follow(response: Response, first: () => void) {
    const current = this.#current!
    let silence: NodeJS.Timeout | undefined
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => current.abort(), silentAfterMs)
      silence.unref()
    }
    try {
      heard()
      for await (const line of createInterface({ input: Readable.fromWeb(response.body as never) })) {
        heard()
        this.#hear(JSON.parse(line) as AgentLine, first)
      }
    } finally {
      clearTimeout(silence)
    }
  }

  #hear(line: AgentLine, first: () => void) {
    if (line.kind === 'ready') {
      this.#isUp = true
      this.#awaySince = undefined
      first()
      for (const service of this.#services) this.#directories.get(service)?.up(this.#name)
    } else if (line.kind === 'done') this.#waiting.get(line.id)?.resolve(line.result)
    else if (line.kind === 'failed')
      this.#waiting
        .get(line.id)
        ?.reject(new Problem(line.status, line.problem, line.message, { ...(line.reason && { reason: line.reason }) }))
    else if (line.kind === 'news') void this.#answer(line)
  }

  async #answer(line: AgentLine & { kind: 'news' }) {
    const answer = await this.#directories
      .get(line.service)!
      .hear(this.#name, line.event, line.payload)
      .then(
        (result) => ({ result }),
        (error) => ({ problem: { status: isProblem(error) ? error.status : 500, message: messageOf(error) } }),
      )
    await this.#fetch('POST', `/host/1/answers/${line.id}`, answer).catch(() => {})
  }

  /** Whoever waits for an answer tries again; every operation can be repeated. */
  #down() {
    if (this.#isUp) this.#awaySince = Date.now()
    this.#isUp = false
    for (const { reject } of this.#waiting.values()) reject(unavailable(`The host '${this.#name}' went away.`))
    this.#waiting.clear()
  }
}

/** Puts a host into the directories of the services whose roles it runs; returns how to let go of it. */
export async function connectRemoteHost(
  name: string,
  url: string,
  key: string,
  services: string[],
  directories: Map<string, Hosts>,
  log: Log,
): Promise<() => Promise<void>> {
  const connection = new AgentConnection(name, url, key, services, directories, log)
  for (const service of services) directories.get(service)?.add(connection.host(service))
  await connection.start()
  return () => connection.stop()
}
