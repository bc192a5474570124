// What can go wrong, as operations say it. The edge of each service dresses these in its own dialect.

export type Reason = Record<string, unknown>

/** Every expected failure of an operation: a status, a text for the caller, and a structured reason. */
export class Problem extends Error {
  readonly status: number
  /** Stable word for programs, e.g. `itemNotFound` is made of it by a dialect. */
  readonly kind: string
  /** Why, in a form that programs read (the placement rule, the quota, the policy rule). */
  readonly reason: Reason | undefined
  /** For operators only; goes to the log, never to the caller. */
  readonly detail: string | undefined
  readonly headers: Record<string, string> | undefined

  constructor(
    status: number,
    kind: string,
    message: string,
    more: { reason?: Reason; detail?: string; cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Problem'
    this.status = status
    this.kind = kind
    this.reason = more.reason
    this.detail = more.detail
    this.headers = more.headers
  }
}

type More = { reason?: Reason; detail?: string; cause?: unknown }

export const badRequest = (message: string, more?: More) => new Problem(400, 'badRequest', message, more)
export const unauthorized = (message = 'The request you have made requires authentication.', more?: More) =>
  new Problem(401, 'unauthorized', message, more)
export const forbidden = (message: string, more?: More) => new Problem(403, 'forbidden', message, more)
export const notFound = (message: string, more?: More) => new Problem(404, 'notFound', message, more)
export const methodNotAllowed = (allow: string[]) =>
  new Problem(405, 'methodNotAllowed', `This address answers ${allow.join(', ')} only.`, {
    headers: { allow: allow.join(', ') },
  })
export const notAcceptable = (message: string, more?: More) => new Problem(406, 'notAcceptable', message, more)
export const conflict = (message: string, more?: More) => new Problem(409, 'conflict', message, more)
export const tooLarge = (message: string, more?: More) => new Problem(413, 'tooLarge', message, more)
export const unsupportedMedia = (message: string) => new Problem(415, 'unsupportedMedia', message)
export const tooManyRequests = (message: string, retryAfterSeconds: number) =>
  new Problem(429, 'tooManyRequests', message, { headers: { 'retry-after': String(retryAfterSeconds) } })
export const unavailable = (message: string, more?: More) => new Problem(503, 'unavailable', message, more)
export const timedOut = (message: string) => new Problem(504, 'timedOut', message)

/** `403` in Nova and Cinder's quota dialects, `409` in Neutron's: the dialect decides by the kind. */
export const overQuota = (quota: { resource: string; limit: number; used: number; asked: number }) =>
  new Problem(
    403,
    'overQuota',
    `Quota exceeded for ${quota.resource}: requested ${quota.asked}, but already used ${quota.used} of ${quota.limit} ${quota.resource}.`,
    { reason: { quota } },
  )

export const isProblem = (error: unknown): error is Problem => error instanceof Problem

/** A sentence from anything thrown. */
export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
