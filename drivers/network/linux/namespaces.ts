// Node cannot enter a network namespace, so the calling thread is moved there for the length of one synchronous call.
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const setns = libc.func('int setns(int fd, int type)') as (fd: number, type: number) => number
const socket = libc.func('int socket(int domain, int type, int protocol)') as (
  domain: number,
  type: number,
  protocol: number,
) => number
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, int *value, unsigned int length)') as (
  fd: number,
  level: number,
  name: number,
  value: number[],
  length: number,
) => number
const bindSocket = libc.func('int bind(int fd, void *address, unsigned int length)') as SendAddress
const listenOn = libc.func('int listen(int fd, int backlog)') as (fd: number, backlog: number) => number
const sendTo = libc.func(
  'intptr_t sendto(int fd, void *data, size_t length, int flags, void *to, unsigned int toLength)',
) as (fd: number, data: Buffer, length: number, flags: number, to: Buffer, toLength: number) => number
type SendAddress = (fd: number, address: Buffer, length: number) => number

const indexOfName = libc.func('unsigned int if_nametoindex(const char *name)') as (name: string) => number

const folder = '/run/netns'
const cloneNewNet = 0x40000000
const closeOnExec = 0o2000000
const [familyInet, familyPacket] = [2, 17]
const [stream, datagram, raw] = [1, 2, 3]
const solSocket = 1
const [reuseAddress, broadcast] = [2, 6]

export function listNamespaces(): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Runs `work` inside the namespace. `work` must not await: the whole thread is there meanwhile. */
export function inNamespace<T>(name: string, work: () => T): T {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const target = openSync(`${folder}/${name}`, 'r')
    try {
      enter(target, name)
    } finally {
      closeSync(target)
    }
    try {
      return work()
    } finally {
      enter(own, "the host's own")
    }
  } finally {
    closeSync(own)
  }
}

function enter(fd: number, name: string): void {
  if (setns(fd, cloneNewNet) !== 0) throw systemError(`enter network namespace ${name}`)
}

/** A bound UDP socket for `dgram.Socket.bind({ fd })`. Port in host byte order, all addresses. */
export function openUdp(namespace: string, port: number): number {
  return openBound(namespace, datagram, '0.0.0.0', port)
}

/** A listening TCP socket for `net.Server.listen({ fd })`. */
export function openTcp(namespace: string, address: string, port: number): number {
  const fd = openBound(namespace, stream, address, port)
  if (listenOn(fd, 128) !== 0) throw closing(fd, systemError(`listen on ${address}:${port} in ${namespace}`))
  return fd
}

function openBound(namespace: string, type: number, address: string, port: number): number {
  const fd = inNamespace(namespace, () => socket(familyInet, type | closeOnExec, 0))
  if (fd < 0) throw systemError(`open a socket in ${namespace}`)
  setsockopt(fd, solSocket, reuseAddress, [1], 4)
  if (type === datagram) setsockopt(fd, solSocket, broadcast, [1], 4)
  const where = Buffer.alloc(16)
  where.writeUInt16LE(familyInet, 0)
  where.writeUInt16BE(port, 2)
  where.set(address.split('.').map(Number), 4)
  if (bindSocket(fd, where, where.length) !== 0)
    throw closing(fd, systemError(`bind ${address}:${port} in ${namespace}`))
  return fd
}

export function interfaceIndex(namespace: string, name: string): number {
  const index = inNamespace(namespace, () => indexOfName(name))
  if (index === 0) throw systemError(`find interface ${name} in ${namespace}`)
  return index
}

/** Sends whole Ethernet frames out of an interface; `interfaceIndex` is the one inside the namespace. */
export function sendFrames(namespace: string, interfaceIndex: number, frames: Buffer[]): void {
  const fd = inNamespace(namespace, () => socket(familyPacket, raw | closeOnExec, 0))
  if (fd < 0) throw systemError(`open a packet socket in ${namespace}`)
  try {
    const where = Buffer.alloc(20)
    where.writeUInt16LE(familyPacket, 0)
    where.writeInt32LE(interfaceIndex, 4)
    for (const frame of frames)
      if (sendTo(fd, frame, frame.length, 0, where, where.length) < 0) throw systemError(`send a frame in ${namespace}`)
  } finally {
    closeSync(fd)
  }
}

function closing(fd: number, error: Error): Error {
  closeSync(fd)
  return error
}

/** The last system error of this thread, in words. */
export function systemError(what: string): Error {
  const number = koffi.errno()
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `error ${number}`
  return new Error(`Cannot ${what}: ${name}`)
}
