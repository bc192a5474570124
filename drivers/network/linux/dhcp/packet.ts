// DHCP messages as bytes (RFC 2131, 2132, 3442), without any network.

export interface DhcpMessage {
  op: 1 | 2
  transactionId: number
  /** The flag with which a client asks for broadcast answers. */
  broadcast: boolean
  clientAddress: string
  yourAddress: string
  serverAddress: string
  relayAddress: string
  mac: string
  options: Map<number, Buffer>
}

export const messageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const

export const option = {
  subnetMask: 1,
  router: 3,
  dns: 6,
  hostname: 12,
  mtu: 26,
  broadcastAddress: 28,
  requestedAddress: 50,
  leaseSeconds: 51,
  messageType: 53,
  server: 54,
  parameters: 55,
  renewSeconds: 58,
  rebindSeconds: 59,
  classlessRoutes: 121,
} as const

const cookie = 0x63825363
const fixedLength = 240
/** Old clients expect the 300 bytes of a BOOTP message. */
const shortestLength = 300

/** Reads a message; undefined where the bytes are none for Ethernet. */
export function decodeDhcp(bytes: Buffer): DhcpMessage | undefined {
  if (bytes.length < fixedLength || bytes.readUInt32BE(236) !== cookie) return undefined
  const op = bytes[0]
  if ((op !== 1 && op !== 2) || bytes[1] !== 1 || bytes[2] !== 6) return undefined
  const options = new Map<number, Buffer>()
  for (let at = fixedLength; at < bytes.length; ) {
    const code = bytes[at++]!
    if (code === 255) break
    if (code === 0) continue
    const length = bytes[at++]
    if (length === undefined || at + length > bytes.length) return undefined
    const value = bytes.subarray(at, at + length)
    const earlier = options.get(code)
    // A long option comes in pieces under the same code (RFC 3396).
    options.set(code, earlier ? Buffer.concat([earlier, value]) : value)
    at += length
  }
  return {
    op,
    transactionId: bytes.readUInt32BE(4),
    broadcast: (bytes.readUInt16BE(10) & 0x8000) !== 0,
    clientAddress: addressAt(bytes, 12),
    yourAddress: addressAt(bytes, 16),
    serverAddress: addressAt(bytes, 20),
    relayAddress: addressAt(bytes, 24),
    mac: [...bytes.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
    options,
  }
}

export function encodeDhcp(message: DhcpMessage): Buffer {
  const head = Buffer.alloc(fixedLength)
  head.set([message.op, 1, 6, 0])
  head.writeUInt32BE(message.transactionId, 4)
  head.writeUInt16BE(message.broadcast ? 0x8000 : 0, 10)
  head.set(addressBytes(message.clientAddress), 12)
  head.set(addressBytes(message.yourAddress), 16)
  head.set(addressBytes(message.serverAddress), 20)
  head.set(addressBytes(message.relayAddress), 24)
  head.set(
    message.mac.split(':').map((byte) => Number.parseInt(byte, 16)),
    28,
  )
  head.writeUInt32BE(cookie, 236)
  const parts: Buffer[] = [head]
  for (const [code, value] of message.options)
    for (let at = 0; at === 0 || at < value.length; at += 255) {
      const piece = value.subarray(at, at + 255)
      parts.push(Buffer.from([code, piece.length]), piece)
    }
  parts.push(Buffer.from([255]))
  const bytes = Buffer.concat(parts)
  return bytes.length >= shortestLength ? bytes : Buffer.concat([bytes, Buffer.alloc(shortestLength - bytes.length)])
}

export function addressBytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

function addressAt(bytes: Buffer, at: number): string {
  return bytes.subarray(at, at + 4).join('.')
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** Option 121: every route as prefix length, the significant bytes of its destination, next hop. */
export function encodeClasslessRoutes(routes: { destination: string; nexthop: string }[]): Buffer {
  return Buffer.concat(
    routes.map(({ destination, nexthop }) => {
      const [address = '', length = '32'] = destination.split('/')
      const significant = addressBytes(address).subarray(0, Math.ceil(Number(length) / 8))
      return Buffer.concat([Buffer.from([Number(length)]), significant, addressBytes(nexthop)])
    }),
  )
}
