// Guests for tests: network namespaces plugged into ports, in a host that is itself a namespace and thus disposable.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import type { HostNetworks } from '../../../kernel/network/driver.ts'
import { run } from './commands.ts'
import { inNamespace, openTcp } from './namespaces.ts'

const setns = koffi.load('libc.so.6').func('int setns(int fd, int type)') as (fd: number, type: number) => number

/** Makes a namespace and stays in it; the returned function goes back and removes it. */
export function liveInNamespace(name: string): () => void {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  execFileSync('ip', ['netns', 'add', name])
  const there = openSync(`/run/netns/${name}`, 'r')
  if (setns(there, 0) !== 0) throw new Error(`Cannot enter ${name}.`)
  closeSync(there)
  return () => {
    if (setns(own, 0) !== 0) throw new Error('Cannot return to the namespace of the beginning.')
    closeSync(own)
    execFileSync('ip', ['netns', 'del', name])
  }
}

/** Seconds to wait where silence is expected, and where an answer is: a busy machine may take long. */
const brief = 0.6
export const patient = 8

/** A guest: a namespace whose `eth0` is the far end of a port. */
export class TestGuest {
  readonly namespace: string

  private constructor(namespace: string) {
    this.namespace = namespace
  }

  static async plug(namespace: string, farEnd: string, cidrs: string[], gateways: string[]): Promise<TestGuest> {
    await run('ip', ['netns', 'add', namespace])
    await run('ip', ['link', 'set', farEnd, 'netns', namespace, 'name', 'eth0'])
    return TestGuest.adopt(namespace, cidrs, gateways)
  }

  /** A guest whose `eth0` is in its namespace already. */
  static async adopt(namespace: string, cidrs: string[], gateways: string[]): Promise<TestGuest> {
    const lines = ['link set lo up', 'link set eth0 up']
    lines.push(...cidrs.map((cidr) => `addr add ${cidr} dev eth0${cidr.includes(':') ? ' nodad' : ''}`))
    lines.push(...gateways.map((gateway) => `route add default via ${gateway}`))
    await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`, namespace)
    return new TestGuest(namespace)
  }

  ip(...args: string[]): Promise<string> {
    return run('ip', args, '', this.namespace)
  }

  /** True when a ping comes back in time. `source`: the address to speak from. */
  pings(address: string, patience = brief, source?: string): Promise<boolean> {
    const from = source === undefined ? [] : ['-I', source]
    return succeeds('ping', ['-n', '-c', '1', '-W', String(patience), ...from, address], this.namespace)
  }

  /** True when a TCP connection is answered in time. */
  connects(address: string, port: number, patience = brief): Promise<boolean> {
    return connects(address, port, this.namespace, patience)
  }

  /** Sends a line and returns everything that comes back. */
  async talk(address: string, port: number, text: string): Promise<string> {
    const script = `exec 3<>/dev/tcp/${address}/${port} && printf '%b' "$1" >&3 && cat <&3`
    return run('timeout', ['3', 'bash', '-c', script, 'talk', text], '', this.namespace)
  }

  /** Listens and echoes every line; `peers` are the addresses that have called. */
  async listen(port: number): Promise<{ peers: string[]; close(): void }> {
    return listening(openTcp(this.namespace, '0.0.0.0', port))
  }

  /** A connection that stays open; `echoes` sends a line and tells whether it comes back in time. */
  openConnection(address: string, port: number): { echoes(patience?: number): Promise<boolean>; close(): void } {
    const script = `exec 3<>/dev/tcp/${address}/${port}; while read -r t x; do echo "$x" >&3; while read -t "$t" -u 3 -r y && [ "$y" != "$x" ]; do :; done; [ "$x" = "$y" ] && echo yes || echo no; y=; done`
    const child = inNamespace(this.namespace, () =>
      spawn('bash', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] }),
    )
    const lines = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>
    let number = 0
    return {
      echoes: async (patience = brief) => {
        child.stdin.write(`${patience} line-${++number}\n`)
        const { value, done } = await lines.next()
        if (done) throw new Error(`The connection to ${address}:${port} was never made.`)
        return value.trim() === 'yes'
      },
      close: () => child.kill('SIGKILL'),
    }
  }
}

export async function succeeds(tool: string, args: string[], place: string | null): Promise<boolean> {
  return run(tool, args, '', place).then(
    () => true,
    () => false,
  )
}

export function connects(address: string, port: number, place: string | null, patience = brief): Promise<boolean> {
  return succeeds('timeout', [String(patience), 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`], place)
}

/** Echoes lines on a listening descriptor. */
export async function listening(fd: number): Promise<{ peers: string[]; close(): void; port: number }> {
  const peers: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    peers.push(socket.remoteAddress ?? '')
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.once('listening', resolve)
  server.listen({ fd })
  await promise
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    // Their other ends are gone without a word.
    for (const socket of sockets) socket.destroy()
  }
  return { peers, port, close }
}

/** Another process with a driver of its own, which applies the same and is then killed without warning. */
export async function applyInChild(prefix: string, wanted: HostNetworks, place: string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'network-'))
  const file = join(folder, 'apply.mts')
  const source = new URL('./driver.ts', import.meta.url).href
  writeFileSync(
    file,
    `import { LinuxNetworkDriver } from ${JSON.stringify(source)}
    const driver = new LinuxNetworkDriver({ prefix: ${JSON.stringify(prefix)}, portKind: 'veth' })
    await driver.open(async ({ sourceAddress }) => ({ status: 200, headers: {}, body: 'child for ' + sourceAddress }))
    await driver.apply(${JSON.stringify(wanted)})
    console.log('applied')
    process.stdin.once('data', async () => {
      await driver.removeAll()
      await driver.close()
      process.exit()
    })`,
  )
  const start = () => spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const child = place === null ? start() : inNamespace(place, start)
  const gone = once(child, 'exit')
  const [first] = (await Promise.race([once(child.stdout, 'data'), gone])) as [Buffer | number]
  rmSync(folder, { recursive: true })
  if (String(first).trim() !== 'applied') throw new Error('The other process could not apply its networks.')
  return {
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
    removeAll: async () => {
      child.stdin.write('remove\n')
      await gone
    },
  }
}
