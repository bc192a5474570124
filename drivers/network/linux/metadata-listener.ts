// Takes the guests' requests for metadata inside a namespace; which namespace it is says who may be asking.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { MetadataHandler, MetadataRequest } from '../../../kernel/network/driver.ts'
import { openTcp } from './namespaces.ts'

export interface MetadataListener {
  close(): Promise<void>
}

/** `origin` is the network or router whose namespace this is. `onError` hears of failures of the handler. */
export async function startMetadataListener(
  where: { namespace: string; address: string; port: number },
  origin: Pick<MetadataRequest, 'networkId' | 'routerId'>,
  handler: MetadataHandler,
  onError: (error: Error) => void,
): Promise<MetadataListener> {
  const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 2_000 }
  const server = createServer(limits, (request, response) => {
    answer(request, response, origin, handler).catch((error: Error) => {
      onError(new Error(`Metadata in ${where.namespace}: ${error.message}`, { cause: error }))
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end('The metadata service failed; try again.\n')
    })
  })
  server.maxConnections = 512
  const listening = once(server, 'listening')
  server.listen({ fd: openTcp(where.namespace, where.address, where.port) })
  await listening
  server.on('error', (error) => onError(new Error(`Metadata in ${where.namespace}: ${error.message}`)))
  return {
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  origin: Pick<MetadataRequest, 'networkId' | 'routerId'>,
  handler: MetadataHandler,
): Promise<void> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  const reply = await handler({
    ...origin,
    sourceAddress: request.socket.remoteAddress ?? '',
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers,
  })
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.byteLength })
  response.end(request.method === 'HEAD' ? undefined : body)
}
