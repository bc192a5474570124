// The kernel's connection tracking table over netlink: the conntrack tool cannot change marks inside a zone.
import { closeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import koffi from 'koffi'
import { formatV4, formatV6 } from './addresses.ts'
import type { Place } from './commands.ts'
import { inNamespace, systemError } from './namespaces.ts'

const libc = koffi.load('libc.so.6')
const socket = libc.func('int socket(int domain, int type, int protocol)') as (
  d: number,
  t: number,
  p: number,
) => number
const send = libc.func('intptr_t send(int fd, void *data, size_t length, int flags)') as Transfer
const receive = libc.func('intptr_t recv(int fd, _Out_ uint8_t *data, size_t length, int flags)') as Transfer
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, int64_t *value, unsigned int length)') as (
  fd: number,
  level: number,
  name: number,
  value: number[],
  length: number,
) => number
type Transfer = (fd: number, data: Buffer, length: number, flags: number) => number

/** One tracked connection; the addresses are those of its first packet. */
export interface Connection {
  zone: number
  version: 4 | 6
  protocol: number
  source: string
  destination: string
  /** Null for protocols without ports. */
  destinationPort: number | null
  sourcePort: number | null
  icmp: { type: number; code: number } | null
  mark: number
  /** Where the answers go: the source, unless it was translated. */
  replyDestination: string
  /** The kernel's own name for the connection, to be given back to it. */
  key: Buffer
}

export type ConnectionChange = { connection: Connection; change: 'refuse' | 'allow' | 'forget' }

const [familyNetlink, raw, netfilter] = [16, 3 | 0o2000000, 12]
const [solSocket, receiveTimeout] = [1, 20]
const conntrack = 1 << 8
const [messageNew, messageGet, messageDelete] = [conntrack, conntrack | 1, conntrack | 2]
const [flagRequest, flagAck, flagDump] = [1, 4, 0x300]
const [typeError, typeDone] = [2, 3]
const attribute = { original: 1, reply: 2, mark: 8, zone: 18, markMask: 21 } as const
const noSuchEntry = 2
const headerLength = 20
const batchSize = 64

/** All connections of one family in a namespace. */
export async function listConnections(version: 4 | 6, place: Place = null): Promise<Connection[]> {
  const fd = open(place)
  try {
    transmit(fd, message(messageGet, flagRequest | flagDump, version, []))
    const found: Connection[] = []
    for (const buffer = Buffer.alloc(1 << 18); ; await setImmediate()) {
      for (const { type, body } of messagesIn(take(fd, buffer))) {
        if (type === typeDone) return found
        if (type === typeError) throw refusal('list connections', body)
        if (type === messageNew) found.push(decodeConnection(body))
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** Marks, unmarks or deletes connections. Those that ended meanwhile are passed over. */
export async function changeConnections(
  changes: ConnectionChange[],
  refusedBit: number,
  place: Place = null,
): Promise<void> {
  if (changes.length === 0) return
  const fd = open(place)
  try {
    const buffer = Buffer.alloc(1 << 18)
    for (let at = 0; at < changes.length; at += batchSize, await setImmediate()) {
      const batch = changes.slice(at, at + batchSize)
      transmit(fd, Buffer.concat(batch.map((change) => changeMessage(change, refusedBit))))
      for (let answers = 0; answers < batch.length; )
        for (const { type, body } of messagesIn(take(fd, buffer))) {
          if (type !== typeError) continue
          answers++
          const code = -body.readInt32LE(0)
          if (code !== 0 && code !== noSuchEntry) throw refusal('change a connection', body)
        }
    }
  } finally {
    closeSync(fd)
  }
}

function changeMessage({ connection, change }: ConnectionChange, refusedBit: number): Buffer {
  if (change === 'forget') return message(messageDelete, flagRequest | flagAck, connection.version, [connection.key])
  const marks = [
    numberAttribute(attribute.mark, change === 'refuse' ? refusedBit : 0),
    numberAttribute(attribute.markMask, refusedBit),
  ]
  return message(messageNew, flagRequest | flagAck, connection.version, [connection.key, ...marks])
}

function open(place: Place): number {
  const start = () => socket(familyNetlink, raw, netfilter)
  const fd = place === null ? start() : inNamespace(place, start)
  if (fd < 0) throw systemError('open a netlink socket for connection tracking')
  // The kernel answers at once; should it ever not, this thread must not hang: struct timeval of 5 seconds.
  setsockopt(fd, solSocket, receiveTimeout, [5, 0], 16)
  return fd
}

function transmit(fd: number, bytes: Buffer): void {
  if (send(fd, bytes, bytes.length, 0) < 0) throw systemError('ask the kernel about connections')
}

function take(fd: number, buffer: Buffer): Buffer {
  const length = Number(receive(fd, buffer, buffer.length, 0))
  if (length < 0) throw systemError('hear from the kernel about connections')
  return buffer.subarray(0, length)
}

function refusal(what: string, body: Buffer): Error {
  return new Error(`The kernel refused to ${what}: error ${-body.readInt32LE(0)}`)
}

/** Netlink header and netfilter header; numbers in host order but for the attributes' values. */
function message(type: number, flags: number, version: 4 | 6, attributes: Buffer[]): Buffer {
  const body = Buffer.concat(attributes)
  const head = Buffer.alloc(headerLength)
  head.writeUInt32LE(headerLength + body.length, 0)
  head.writeUInt16LE(type, 4)
  head.writeUInt16LE(flags, 6)
  head[16] = version === 4 ? 2 : 10
  return Buffer.concat([head, body])
}

function numberAttribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(8, 0)
  bytes.writeUInt16LE(type, 2)
  bytes.writeUInt32BE(value >>> 0, 4)
  return bytes
}

function* messagesIn(bytes: Buffer): Generator<{ type: number; body: Buffer }> {
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (length < 16) return
    yield { type: bytes.readUInt16LE(at + 4), body: bytes.subarray(at + 16, at + length) }
    at += aligned(length)
  }
}

function decodeConnection(body: Buffer): Connection {
  const top = attributesIn(body.subarray(4))
  const original = top.get(attribute.original)
  if (!original) throw new Error('The kernel named a connection without its addresses.')
  const tuple = attributesIn(original.value)
  const [ip, proto] = [attributesIn(tuple.get(1)!.value), attributesIn(tuple.get(2)!.value)]
  const version = body[0] === 2 ? 4 : 6
  const address = (type: number, of = ip) => {
    const bytes = of.get(version === 4 ? type : type + 2)!.value
    const value = BigInt(`0x${bytes.toString('hex')}`)
    return version === 4 ? formatV4(value) : formatV6(value)
  }
  const icmpType = proto.get(5) ?? proto.get(8)
  const icmpCode = proto.get(6) ?? proto.get(9)
  const zone = top.get(attribute.zone)
  const reply = top.get(attribute.reply)
  const replyIp = reply && attributesIn(attributesIn(reply.value).get(1)!.value)
  return {
    zone: zone?.value.readUInt16BE(0) ?? 0,
    version,
    protocol: proto.get(1)!.value[0]!,
    source: address(1),
    destination: address(2),
    sourcePort: proto.get(2)?.value.readUInt16BE(0) ?? null,
    destinationPort: proto.get(3)?.value.readUInt16BE(0) ?? null,
    icmp: icmpType && icmpCode ? { type: icmpType.value[0]!, code: icmpCode.value[0]! } : null,
    mark: top.get(attribute.mark)?.value.readUInt32BE(0) ?? 0,
    replyDestination: replyIp ? address(2, replyIp) : address(1),
    key: Buffer.concat([original.whole, ...(zone ? [zone.whole] : [])]),
  }
}

/** Attributes by type, as slices of what was received; `whole` is copied because the buffer is used again. */
function attributesIn(bytes: Buffer): Map<number, { value: Buffer; whole: Buffer }> {
  const found = new Map<number, { value: Buffer; whole: Buffer }>()
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4) break
    const type = bytes.readUInt16LE(at + 2) & 0x3fff
    const whole = Buffer.alloc(aligned(length))
    bytes.copy(whole, 0, at, at + length)
    found.set(type, { value: bytes.subarray(at + 4, at + length), whole })
    at += aligned(length)
  }
  return found
}

const aligned = (length: number): number => (length + 3) & ~3
