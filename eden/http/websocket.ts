// Bridges a WebSocket to a byte stream, such as a guest's console.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'

/** A browser that reads more slowly than this is dropped rather than letting the guest's console wait for it. */
const maxWaitingBytes = 8 * 1024 * 1024

const server = new WebSocketServer({
  noServer: true,
  maxPayload: 1024 * 1024,
  handleProtocols: (offered) => (offered.has('binary') ? 'binary' : (offered.values().next().value ?? false)),
})

/** Completes the handshake and copies both ways until either side ends: bytes as binary messages, strings as text. */
export function bridge(message: IncomingMessage, socket: Duplex, head: Buffer, stream: Duplex): void {
  server.handleUpgrade(message, socket, head, (web: WebSocket) => {
    stream.on('data', (chunk: Buffer | string) => {
      if (web.bufferedAmount > maxWaitingBytes) web.close(1013, 'too slow')
      else web.send(chunk)
    })
    stream.on('close', () => web.close(1000))
    stream.on('error', () => web.close(1011))
    web.on('message', (data: Buffer) => stream.write(data))
    web.on('close', () => stream.destroy())
    web.on('error', () => stream.destroy())
  })
}

/** Refuses a handshake with an ordinary reply. */
export function refuse(socket: Duplex, status: number, message: string): void {
  const body = `${message}\n`
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
