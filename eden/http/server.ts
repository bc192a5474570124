// Sockets: turns HTTP requests into what pipelines take, and replies into bytes. Knows nothing of services.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { pipeline as pipe } from 'node:stream/promises'
import type { RawRequest, Reply } from './request.ts'

export type Handler = (request: RawRequest) => Promise<Reply>
export type UpgradeHandler = (request: RawRequest, message: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface ListenOptions {
  /** Loopback unless told. */
  address?: string
  /** 0: any free port. */
  port: number
  tls?: { cert: string; key: string }
  /** Origins of other sites whose pages may call; `*` for any. None unless told. */
  corsOrigins?: string[]
  onUpgrade?: UpgradeHandler
}

export interface Listening {
  readonly port: number
  readonly address: string
  /** Stops accepting, lets running requests end for `graceMs`, then cuts them off. */
  close(graceMs: number): Promise<void>
}

export async function listen(handler: Handler, options: ListenOptions): Promise<Listening> {
  const address = options.address ?? '127.0.0.1'
  const serve = (message: IncomingMessage, response: ServerResponse) => void answer(handler, options, message, response)
  const limits = { keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 0, maxHeaderSize: 32 * 1024 }
  const server: Server = options.tls
    ? createTlsServer({ ...limits, ...options.tls }, serve)
    : createServer(limits, serve)
  if (options.onUpgrade) {
    const { onUpgrade } = options
    server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
      onUpgrade(rawOf(message, new AbortController().signal, options), message, socket, head)
    })
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port: options.port, backlog: 1024 }, () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    address,
    close: (graceMs) => closed(server, graceMs),
  }
}

function closed(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}

function rawOf(message: IncomingMessage, signal: AbortSignal, options: ListenOptions): RawRequest {
  const scheme = options.tls ? 'https' : 'http'
  const { headers } = message
  const hasBody =
    headers['content-length'] !== undefined
      ? headers['content-length'] !== '0'
      : headers['transfer-encoding'] !== undefined
  const isStreamRoute = hasBody || message.method === 'PUT' || message.method === 'POST'
  return {
    method: message.method ?? 'GET',
    url: message.url ?? '/',
    headers: headers as RawRequest['headers'],
    body: isStreamRoute ? { stream: message } : undefined,
    origin: `${scheme}://${headers.host ?? 'localhost'}`,
    remoteAddress: message.socket.remoteAddress ?? '',
    signal,
  }
}

async function answer(handler: Handler, options: ListenOptions, message: IncomingMessage, response: ServerResponse) {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const cors = corsHeaders(options, message)
  if (cors && message.method === 'OPTIONS' && message.headers['access-control-request-method']) {
    response.writeHead(204, cors).end()
    return
  }
  const reply = await handler(rawOf(message, gone.signal, options))
  try {
    await send(reply, cors, message, response)
  } catch (error) {
    if (reply.body instanceof Readable) reply.body.destroy()
    // The caller went away, or a stream broke in the middle: the connection is the only way left to say so.
    response.destroy(error as Error)
  }
}

async function send(
  reply: Reply,
  cors: Record<string, string> | undefined,
  message: IncomingMessage,
  response: ServerResponse,
) {
  const headers: Record<string, string | string[] | number> = { ...reply.headers, ...cors }
  const { body, status } = reply
  // A body that nobody read must not be mistaken for the next request.
  if (!message.complete && message.method !== 'GET') {
    if (status >= 400) headers.connection = 'close'
    message.resume()
  }
  if (body instanceof Readable) {
    headers['content-type'] ??= 'application/octet-stream'
    response.writeHead(status, headers)
    if (message.method === 'HEAD') {
      body.destroy()
      response.end()
    } else await pipe(body, response)
    return
  }
  const bytes = bytesOf(body, headers)
  if (status !== 204 && status !== 304 && !('content-length' in headers && message.method === 'HEAD'))
    headers['content-length'] = bytes?.length ?? 0
  response.writeHead(status, headers)
  response.end(message.method === 'HEAD' ? undefined : bytes)
}

function bytesOf(body: unknown, headers: Record<string, unknown>): Buffer | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') {
    headers['content-type'] ??= 'text/plain; charset=utf-8'
    return Buffer.from(body)
  }
  if (body instanceof Uint8Array) {
    headers['content-type'] ??= 'application/octet-stream'
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  }
  headers['content-type'] ??= 'application/json'
  return Buffer.from(JSON.stringify(body))
}

function corsHeaders(options: ListenOptions, message: IncomingMessage): Record<string, string> | undefined {
  const { origin } = message.headers
  const allowed = options.corsOrigins ?? []
  if (!origin || !(allowed.includes(origin) || allowed.includes('*'))) return undefined
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, COPY, OPTIONS',
    'access-control-allow-headers': message.headers['access-control-request-headers'] ?? '*',
    'access-control-expose-headers': '*',
    'access-control-max-age': '3600',
    vary: 'Origin',
  }
}
