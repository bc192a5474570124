// The DHCP server of one network: a socket inside the network's service namespace.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { openUdp } from '../namespaces.ts'
import type { Lease } from './answer.ts'
import { answerDhcp, destinationOf } from './answer.ts'
import { decodeDhcp, encodeDhcp } from './packet.ts'

const [serverPort, clientPort] = [67, 68]

export interface DhcpServer {
  /** Replaces what the server hands out. */
  serve(leases: Map<string, Lease>): void
  close(): Promise<void>
}

/** `onError` hears of answers that could not be sent; the server goes on. */
export async function startDhcpServer(namespace: string, onError: (error: Error) => void): Promise<DhcpServer> {
  let leases = new Map<string, Lease>()
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', (bytes) => {
    const request = decodeDhcp(bytes)
    const answer = request && answerDhcp(request, leases)
    if (!request || !answer) return
    socket.send(encodeDhcp(answer), clientPort, destinationOf(request, answer), (error) => {
      if (error) onError(new Error(`DHCP in ${namespace} could not answer ${request.mac}: ${error.message}`))
    })
  })
  // With a descriptor at hand Node may be listening before it returns.
  const listening = once(socket, 'listening')
  socket.bind({ fd: openUdp(namespace, serverPort) })
  await listening
  socket.on('error', (error) => onError(new Error(`DHCP in ${namespace}: ${error.message}`)))
  return {
    serve: (next) => {
      leases = next
    },
    close: async () => {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}
