// Asking another service: the same request, token, policy and errors whether it runs in this process or far away.
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Readable as NodeReadable } from 'node:stream'
import type { Call } from '../call.ts'
import { Problem, unavailable } from '../errors.ts'
import type { Reply } from './request.ts'

export interface Asking {
  body?: unknown
  stream?: Readable
  headers?: Record<string, string>
  /** Asks with the cloud's own rights instead of the caller's; the reason is for the reader and the log. */
  asCloud?: string
}

export interface Answer<T = unknown> {
  status: number
  headers: Record<string, string>
  body: T
  /** Set where the reply was not JSON. */
  stream: Readable | undefined
}

export interface Neighbour {
  /**
   * @throws Problem with the neighbour's own status, kind and message, where it refuses; 503 where it cannot be reached.
   */
  ask<T = unknown>(call: Call, method: string, path: string, asking?: Asking): Promise<Answer<T>>
}

/** What a pipeline offers to callers in the same process: a reply, or the Problem as it was thrown. */
export interface LocalEndpoint {
  handleFor(
    call: Call,
    request: {
      method: string
      url: string
      headers: Record<string, string>
      json: unknown
      stream: Readable | undefined
    },
  ): Promise<Reply>
}

/** A service in this process. Values pass as they are, through the same pipeline as requests from outside. */
export function localNeighbour(endpoint: () => LocalEndpoint): Neighbour {
  return {
    async ask<T>(call: Call, method: string, path: string, asking: Asking = {}): Promise<Answer<T>> {
      const reply = await endpoint()
        .handleFor(call, {
          method,
          url: path,
          headers: asking.headers ?? {},
          json: asking.body,
          stream: asking.stream,
        })
        // What was refused before it was read is read by nobody.
        .finally(() => asking.stream?.destroy())
      const isStream = reply.body instanceof NodeReadable
      return {
        status: reply.status,
        headers: flat(reply.headers),
        body: (isStream ? undefined : reply.body) as T,
        stream: isStream ? (reply.body as Readable) : undefined,
      }
    },
  }
}

/**
 * A service in another process.
 * @param seal makes the token that carries the call's credentials between the cloud's own processes.
 */
export function remoteNeighbour(name: string, baseUrl: string, seal: (call: Call) => string): Neighbour {
  return {
    async ask<T>(call: Call, method: string, path: string, asking: Asking = {}): Promise<Answer<T>> {
      let response: Response
      try {
        response = await fetch(`${baseUrl}${path}`, {
          method,
          headers: {
            'x-auth-token': seal(call),
            'x-openstack-request-id': call.requestId || `req-${randomUUID()}`,
            ...(call.traceparent && { traceparent: call.traceparent }),
            ...(call.dryRun && { 'cloudos-dry-run': 'true' }),
            ...(asking.body !== undefined && { 'content-type': 'application/json' }),
            ...asking.headers,
          },
          ...(asking.body !== undefined && { body: JSON.stringify(asking.body) }),
          ...(asking.stream && { body: NodeReadable.toWeb(asking.stream) as never, duplex: 'half' }),
        })
      } catch (cause) {
        asking.stream?.destroy()
        throw unavailable(`The ${name} service cannot be reached; try again.`, { cause })
      }
      const isJson = (response.headers.get('content-type') ?? '').includes('json')
      const body = isJson ? ((await response.json()) as T) : undefined
      if (!response.ok)
        throw new Problem(
          response.status,
          response.headers.get('cloudos-problem') ?? 'neighbour',
          messageIn(body ?? (await response.text())),
        )
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: body as T,
        stream: !isJson && response.body ? NodeReadable.fromWeb(response.body as never) : undefined,
      }
    },
  }
}

const flat = (headers: Reply['headers']) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )

/** The sentence inside any of OpenStack's error shapes. */
export function messageIn(body: unknown): string {
  if (typeof body === 'string') return body.replace(/<[^>]*>/g, ' ').trim()
  if (typeof body !== 'object' || body === null) return 'The neighbour gave no reason.'
  for (const value of Object.values(body)) {
    if (typeof value === 'string' && 'message' in body) return String((body as { message: unknown }).message)
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message)
    if (Array.isArray(value) && value[0]?.detail) return String(value[0].detail)
  }
  return JSON.stringify(body)
}
