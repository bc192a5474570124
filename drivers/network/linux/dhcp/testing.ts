// A DHCP client for tests: one exchange from inside a guest's namespace.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { run } from '../commands.ts'
import { openUdp } from '../namespaces.ts'
import type { DhcpMessage } from './packet.ts'
import { addressBytes, decodeDhcp, encodeDhcp, messageType, option } from './packet.ts'

/** Discovers and requests; null where nobody answers in time. */
export async function requestLease(namespace: string, mac: string, withinMs = 8_000): Promise<DhcpMessage | null> {
  await run('ip', ['route', 'replace', '255.255.255.255/32', 'dev', 'eth0'], '', namespace)
  const socket = createSocket('udp4')
  const ready = once(socket, 'listening')
  socket.bind({ fd: openUdp(namespace, 68) })
  await ready
  try {
    const offer = await exchange(socket, mac, withinMs, [[option.messageType, Buffer.from([messageType.discover])]])
    if (!offer) return null
    return await exchange(socket, mac, withinMs, [
      [option.messageType, Buffer.from([messageType.request])],
      [option.requestedAddress, addressBytes(offer.yourAddress)],
      [option.server, offer.options.get(option.server)!],
    ])
  } finally {
    socket.close()
  }
}

type Socket = ReturnType<typeof createSocket>

async function exchange(
  socket: Socket,
  mac: string,
  withinMs: number,
  options: [number, Buffer][],
): Promise<DhcpMessage | null> {
  const request: DhcpMessage = {
    op: 1,
    transactionId: 0x1234,
    broadcast: true,
    clientAddress: '0.0.0.0',
    yourAddress: '0.0.0.0',
    serverAddress: '0.0.0.0',
    relayAddress: '0.0.0.0',
    mac,
    options: new Map(options),
  }
  const answer = once(socket, 'message', { signal: AbortSignal.timeout(withinMs) }) as Promise<[Buffer]>
  socket.send(encodeDhcp(request), 67, '255.255.255.255')
  return answer.then(
    ([bytes]) => decodeDhcp(bytes) ?? null,
    () => null,
  )
}
