// A request as operations see it, and the reply they give; the same whether it came over a socket or from a neighbour.
import type { Readable } from 'node:stream'
import type { Call } from '../call.ts'

export interface RawRequest {
  method: string
  /** Path with its query, as sent. */
  url: string
  /** Lower-case names. */
  headers: Record<string, string | undefined>
  /** The body as a stream, or as a value that is JSON already (calls between neighbours in one process). */
  body: { stream: Readable } | { json: unknown } | undefined
  /** `http://host:port` under which the caller reached the service, with a front door's prefix if it came that way. */
  origin: string
  remoteAddress: string
  /** Aborted when the caller has gone. */
  signal?: AbortSignal
}

export interface Input {
  /** What the path pattern captured, decoded. */
  params: Record<string, string>
  /** Each name's last value; see `queryAll` for repeated names. */
  query: Record<string, string>
  queryAll: URLSearchParams
  headers: Record<string, string | undefined>
  /** Parsed and validated JSON; undefined for routes that take a stream or nothing. */
  body: unknown
  /** For routes with `body: 'stream'`. */
  stream: Readable | undefined
  signal: AbortSignal | undefined
}

export interface Reply {
  status: number
  headers: Record<string, string | string[]>
  /** A value becomes JSON; text, bytes and streams go out as they are. */
  body: unknown
}

export type Operation = (call: Call, input: Input) => Promise<Reply>

export const reply = (status: number, body?: unknown, headers: Record<string, string | string[]> = {}): Reply => ({
  status,
  body,
  headers,
})

export const ok = (body: unknown, headers?: Record<string, string | string[]>) => reply(200, body, headers)
export const created = (body: unknown, headers?: Record<string, string | string[]>) => reply(201, body, headers)
export const accepted = (body?: unknown, headers?: Record<string, string | string[]>) => reply(202, body, headers)
export const noContent = (headers?: Record<string, string | string[]>) => reply(204, undefined, headers)
