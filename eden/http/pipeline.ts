// The way of every request: context, version, route, rule, validation, operation, reply, in that order for all services.

import type { Readable } from 'node:stream'
import FindMyWay from 'find-my-way'
import { Call, type Ground } from '../call.ts'
import {
  badRequest,
  isProblem,
  methodNotAllowed,
  notFound,
  Problem,
  timedOut,
  unauthorized,
  unsupportedMedia,
} from '../errors.ts'
import { type Span, Tracer } from '../observe/trace.ts'
import type { Credentials } from '../policy/credentials.ts'
import type { AnyService, ServiceRoute } from '../service.ts'
import { permits } from './access-rules.ts'
import type { Authenticator } from './authenticator.ts'
import { readJson, validate } from './body.ts'
import { rememberReply, replayed } from './idempotency.ts'
import type { LocalEndpoint } from './neighbour.ts'
import { RateLimit } from './rate-limit.ts'
import { ReplyCache, replyKey } from './reply-cache.ts'
import type { Input, RawRequest, Reply } from './request.ts'
import { negotiate, versionHeaders, versionNumber } from './versions.ts'

const defaultMaxBodyBytes = 1024 * 1024
const defaultWithinMs = 60_000
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'COPY', 'OPTIONS'] as const

/** Told of every request once it was answered; `route` is the pattern. */
export type RequestObserver = (seen: {
  service: string
  route: string
  method: string
  status: number
  seconds: number
  requestId: string
}) => void

interface Matched {
  route: ServiceRoute<never>
  since: number
  until: number
}

const nobody: Credentials = { roles: [] }
/** Roots that clients write with a slash at the end. */
const versionRoot = /^\/(v[\d.]+\/([0-9a-f]{32}\/)?)?$/
const requestIdForm = /^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export class Pipeline implements LocalEndpoint {
  readonly service: AnyService
  readonly #ground: Ground
  readonly #context: never
  readonly #authenticator: Authenticator
  readonly #router = FindMyWay<FindMyWay.HTTPVersion.V1>({
    ignoreTrailingSlash: true,
    maxParamLength: 4096,
    caseSensitive: true,
  })
  readonly #observe: RequestObserver
  readonly #tracer: Tracer
  readonly #rateLimit: RateLimit
  readonly #seesAllRule: string
  readonly #replies: ReplyCache

  constructor(
    service: AnyService,
    context: unknown,
    ground: Ground,
    authenticator: Authenticator,
    surroundings: { observe?: RequestObserver; tracer?: Tracer; rateLimit?: RateLimit } = {},
  ) {
    this.#observe = surroundings.observe ?? (() => {})
    this.#tracer = surroundings.tracer ?? new Tracer()
    this.#rateLimit = surroundings.rateLimit ?? new RateLimit(ground.clock, 0)
    this.service = service
    this.#ground = ground
    this.#replies = new ReplyCache(ground.store)
    this.#context = context as never
    this.#authenticator = authenticator
    this.#seesAllRule = service.seesAllRule ?? 'context_is_admin'
    this.#build()
  }

  /** A request from outside: every failure becomes a reply in the service's dialect. */
  async handle(raw: RawRequest): Promise<Reply> {
    const started = performance.now()
    const requestId = `req-${this.#ground.ids.uuid()}`
    let routePath = 'unmatched'
    let reply: Reply
    let span: Span | undefined
    const known: { call?: Call } = {}
    try {
      const { matched, params, url } = this.#match(raw.method, raw.url)
      routePath = matched[0]!.route.path
      const version = this.#version(raw.headers)
      const route = chosen(matched, version)
      span = this.#tracer.start(this.service.name, `${raw.method} ${routePath}`, raw.headers.traceparent)
      const call = await this.#call(raw, route, requestId, version, span.traceparent)
      known.call = call
      reply = await this.#cached(call, route, raw, () => this.#answer(call, route, raw, params, url))
      this.#finish(reply, call, raw)
    } catch (error) {
      reply = this.#refusal(error, requestId, raw, known.call)
    }
    span?.end(reply.status >= 500 ? new Error(`status ${reply.status}`) : undefined)
    reply.headers['x-openstack-request-id'] ??= requestId
    if (this.service.name === 'compute') reply.headers['x-compute-request-id'] ??= requestId
    const seconds = (performance.now() - started) / 1000
    this.#observe({
      service: this.service.name,
      route: routePath,
      method: raw.method,
      status: reply.status,
      seconds,
      requestId,
    })
    return reply
  }

  /** A request of a neighbour in the same process, on behalf of a call. */
  async handleFor(
    from: Call,
    request: {
      method: string
      url: string
      headers: Record<string, string>
      json: unknown
      stream: Readable | undefined
    },
  ): Promise<Reply> {
    const raw: RawRequest = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: request.stream
        ? { stream: request.stream }
        : request.json === undefined
          ? undefined
          : { json: request.json },
      origin: from.origin,
      remoteAddress: from.remoteAddress,
    }
    const { matched, params, url } = this.#match(raw.method, raw.url)
    const version = this.#version(raw.headers)
    const route = chosen(matched, version)
    const call = from.within(this.service.name, { version, sees: this.#sees(from.credentials) })
    const reply = await this.#answer(call, route, raw, params, url)
    from.wouldRun.push(...call.wouldRun)
    return reply
  }

  #build() {
    const table = new Map<string, Matched[]>()
    for (const route of this.service.routes) {
      const key = `${route.method} ${route.path.replace(/:\w+/g, ':')}`
      const entry = {
        route,
        since: route.since ? versionNumber(route.since) : 0,
        until: route.until ? versionNumber(route.until) : Number.MAX_SAFE_INTEGER,
      }
      const others = table.get(key)
      if (others) {
        others.push(entry)
        continue
      }
      const entries = [entry]
      table.set(key, entries)
      this.#router.on(route.method as 'GET', route.path, () => {}, entries)
    }
  }

  #match(method: string, target: string) {
    const question = target.indexOf('?')
    const path = (question < 0 ? target : target.slice(0, question)).replace(/\/{2,}/g, '/') || '/'
    const url = new URLSearchParams(question < 0 ? '' : target.slice(question + 1))
    if (this.service.exactPaths && path.endsWith('/') && !versionRoot.test(path))
      throw notFound('The resource could not be found.', { reason: { path } })
    const found = this.#find(method, path) ?? (method === 'HEAD' ? this.#find('GET', path) : null)
    if (!found) {
      const allow = methods.filter((other) => this.#find(other, path))
      if (allow.length > 0) throw methodNotAllowed(allow)
      throw notFound('The resource could not be found.', { reason: { path } })
    }
    return { matched: found.store as Matched[], params: found.params as Record<string, string>, url }
  }

  #find(method: string, path: string) {
    try {
      return this.#router.find(method as 'GET', path)
    } catch {
      throw badRequest('The address is not correctly encoded.')
    }
  }

  #version(headers: Record<string, string | undefined>) {
    return this.service.versions ? negotiate(this.service.versions, headers) : 0
  }

  #types(): string[] {
    return this.service.catalog.map(({ type }) => type)
  }

  #sees(credentials: Credentials): 'all' | 'project' {
    return this.#ground.enforcer.allowed(this.#seesAllRule, credentials, {}) ? 'all' : 'project'
  }

  async #call(
    raw: RawRequest,
    route: ServiceRoute<never>,
    requestId: string,
    version: number,
    traceparent: string,
  ): Promise<Call> {
    const token = raw.headers['x-auth-token'] ?? raw.headers['x-storage-token']
    let credentials = nobody
    if (token && route.token !== 'none') {
      const found = await this.#authenticator.credentialsOf(token)
      if (found) credentials = found
      if (found?.accessRules && !permits(found.accessRules, this.#types(), raw.method, raw.url.split('?')[0]!))
        throw unauthorized('The application credential is not for this request.')
      if (!found && route.token !== 'optional') throw unauthorized()
    } else if (!route.token) throw unauthorized()
    this.#rateLimit.take(credentials.userId ?? raw.remoteAddress)
    const outer = raw.headers['x-openstack-request-id']
    return new Call(this.#ground, {
      requestId,
      ...(outer && requestIdForm.test(outer) && { globalRequestId: outer }),
      traceparent,
      ...(route.isPure && { tablesRead: new Set<string>() }),
      credentials,
      service: this.service.name,
      sees: credentials === nobody ? 'project' : this.#sees(credentials),
      dryRun: isWrite(raw.method) && raw.headers['cloudos-dry-run']?.toLowerCase() === 'true',
      deadline: this.#ground.clock.now() + (route.withinMs ?? defaultWithinMs),
      version,
      ...(token && { token }),
      origin: raw.origin,
      remoteAddress: raw.remoteAddress,
    })
  }

  /** Rule and token were looked at before; what comes from the cache is only what the operation would say again. */
  async #cached(call: Call, route: ServiceRoute<never>, raw: RawRequest, answer: () => Promise<Reply>): Promise<Reply> {
    const { store } = this.#ground
    if (!route.isPure || !store.isAlone) return answer()
    if (route.rule) call.require(route.rule)
    const key = replyKey(call, raw)
    const kept = this.#replies.find(key, call.clock.now())
    if (kept) return kept
    const before = store.generation
    return this.#replies.keep(key, call, before, await answer())
  }

  async #answer(
    call: Call,
    route: ServiceRoute<never>,
    raw: RawRequest,
    params: Record<string, string>,
    queryAll: URLSearchParams,
  ): Promise<Reply> {
    if (route.rule) call.require(route.rule)
    const input: Input = {
      params,
      query: Object.fromEntries(queryAll),
      queryAll,
      headers: raw.headers,
      body: undefined,
      stream: undefined,
      signal: raw.signal,
    }
    if (route.query) validate(route.query, input.query)
    if (route.body === 'stream') input.stream = raw.body && 'stream' in raw.body ? raw.body.stream : undefined
    else if (route.body) input.body = await this.#body(route, raw)
    const remembered = await replayed(call, route, raw, input.body)
    if (remembered) return remembered
    const reply = await within(route.operation(this.#context, call, input), route.withinMs ?? defaultWithinMs)
    await rememberReply(call, reply)
    return reply
  }

  async #body(route: ServiceRoute<never>, raw: RawRequest): Promise<unknown> {
    let body: unknown
    if (raw.body && 'json' in raw.body) body = raw.body.json
    else if (raw.body) {
      const type = raw.headers['content-type']
      if (type && !/json|octet-stream|x-www-form-urlencoded/.test(type))
        throw unsupportedMedia(`Bodies of type '${type}' are not understood here; send application/json.`)
      body = await readJson(raw.body.stream, route.maxBodyBytes ?? defaultMaxBodyBytes)
    }
    if (route.body === 'any') return body
    if (body === undefined) throw badRequest('Malformed request body: a JSON object is needed.')
    return validate(route.body as Exclude<typeof route.body, string | undefined>, body)
  }

  #finish(reply: Reply, call: Call, raw: RawRequest) {
    const { versions } = this.service
    if (versions) Object.assign(reply.headers, versionHeaders(versions, call.version))
    reply.headers['x-openstack-request-id'] = call.requestId
    if (call.dryRun) {
      reply.headers['cloudos-dry-run'] = 'true'
      reply.headers['cloudos-would-run'] = call.wouldRun
        .map(({ job, steps }) => `${job}(${steps.join(' ')})`)
        .join(', ')
    }
    if (raw.method === 'HEAD' && !(reply.body === undefined)) reply.headers['content-type'] ??= 'application/json'
  }

  #refusal(error: unknown, requestId: string, raw: RawRequest, call: Call | undefined): Reply {
    const problem = isProblem(error) ? error : unexpected(error)
    const log = this.#ground.log
    if (problem.status >= 500)
      log.error({ err: error, requestId, method: raw.method, url: raw.url, detail: problem.detail }, problem.message)
    const { body, headers } = this.service.dialect(problem, requestId)
    const result: Reply = {
      status: problem.status,
      body,
      headers: { 'x-openstack-request-id': requestId, ...problem.headers, ...headers },
    }
    result.headers['cloudos-problem'] = problem.kind
    if (problem.status === 401) result.headers['www-authenticate'] ??= `Keystone uri="${raw.origin}"`
    const { versions } = this.service
    if (versions) Object.assign(result.headers, versionHeaders(versions, call?.version ?? versionNumber(versions.min)))
    if (problem.reason && raw.headers['cloudos-explain'] !== undefined)
      result.headers['cloudos-reason'] = asciiJson(visibleReason(problem, call))
    return result
  }
}

/** The route that the version has; 404 where the address exists in other versions only. */
function chosen(matched: Matched[], version: number): ServiceRoute<never> {
  for (const { route, since, until } of matched) if (version >= since && version <= until) return route
  throw notFound('The resource could not be found in this version of the API.', {
    reason: { since: matched.map(({ route }) => route.since), until: matched.map(({ route }) => route.until) },
  })
}

const isWrite = (method: string) => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'

const unexpected = (error: unknown) =>
  new Problem(
    500,
    'fault',
    'The server met an unexpected condition; the operator finds it in the log by the request id.',
    {
      cause: error,
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    },
  )

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(`No answer within ${ms / 1000} s.`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Callers see why they were refused; who may see all sees the whole reason. */
function visibleReason(problem: Problem, call: Call | undefined): unknown {
  return {
    status: problem.status,
    kind: problem.kind,
    ...(problem.reason ?? {}),
    ...(call?.sees === 'all' && { detail: problem.detail }),
  }
}

const asciiJson = (value: unknown) =>
  JSON.stringify(value)
    .slice(0, 8000)
    .replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
