// What a route says of itself besides its method, path and operation.
import type { TSchema } from 'typebox'

export interface RouteOptions {
  /** Policy rule that is checked against the caller's own project before the operation runs. */
  rule?: string
  /** Schema of the JSON body (in the newest version's vocabulary); `stream` hands the bytes over; `any` takes any JSON. */
  body?: TSchema | 'stream' | 'any'
  /** Schema of the query's parameters, where unknown ones are refused. */
  query?: TSchema
  /** First and last microversion that has the route. */
  since?: string
  until?: string
  /** `none`: answers without a token; `optional`: a token is welcome but not needed. */
  token?: 'none' | 'optional'
  /** Bytes of a JSON body at the most; 1 MiB unless told. Streams have the service's own limit. */
  maxBodyBytes?: number
  /** How long the operation may take; 60 s unless told. */
  withinMs?: number
  /** One line for the API reference. */
  says?: string
  /** A GET whose reply depends on request, caller and rows alone: not on time, hosts or files. See `ReplyCache`. */
  isPure?: boolean
  /** A POST that only answers: no dry run, no idempotency key. */
  readOnly?: boolean
  /** The words of a route whose body's one key says what to do; each is a write of its own to documents and sweeps. */
  actions?: readonly string[]
}
