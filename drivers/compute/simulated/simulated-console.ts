// What a simulated guest shows: a serial console with boot lines, a login prompt and an echo, and a small screen.
import { Duplex } from 'node:stream'
import type { GuestSpec } from '../../../kernel/compute/driver.ts'

/** Kept of one guest's serial console, characters. */
const keptCharacters = 64 * 1024

export class SerialConsole {
  #log = ''
  #observers = new Set<Terminal>()

  get log(): string {
    return this.#log
  }

  print(text: string): void {
    this.#log = (this.#log + text).slice(-keptCharacters)
    for (const observer of this.#observers) observer.push(text)
  }

  open(): Duplex {
    const terminal: Terminal = new Terminal(
      (typed) => this.print(typed),
      () => this.#observers.delete(terminal),
    )
    this.#observers.add(terminal)
    return terminal
  }

  /** The guest is gone: everybody's stream ends. */
  hangUp(): void {
    for (const observer of this.#observers) observer.push(null)
    this.#observers.clear()
  }
}

/** One observer's end of the console: what is typed is echoed to all. */
class Terminal extends Duplex {
  #typed: (text: string) => void
  #left: () => void

  constructor(typed: (text: string) => void, left: () => void) {
    super({ allowHalfOpen: false })
    this.#typed = typed
    this.#left = left
  }

  override _read(): void {
    // Text comes when the guest prints.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#typed(bytes.toString('utf8').replaceAll('\r', '\r\n'))
    done()
  }

  override _final(done: () => void): void {
    done()
    this.destroy()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#left()
    done(error)
  }
}

/** What a small Linux would print on its way up with these devices. */
export function bootLines(spec: Omit<GuestSpec, 'configDrive'>, hasConfigDrive: boolean): string {
  const host = spec.name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-') || 'guest'
  const lines = [
    '[    0.000000] Linux version 6.1.0-cloud-amd64 (simulated)',
    '[    0.000000] Command line: console=tty1 console=ttyS0',
    `[    0.004000] Memory: ${spec.memoryMiB * 1024}K available`,
    `[    0.052000] smp: Brought up 1 node, ${spec.vcpus} CPU${spec.vcpus === 1 ? '' : 's'}`,
    ...(spec.root ? [`[    0.310000] virtio_blk virtio0: [vda] root disk, ${spec.root.sizeGiB} GiB`] : []),
    ...spec.disks.map(({ id }) => `[    0.320000] virtio_blk: disk ${id.slice(0, 20)}`),
    ...spec.nics.map(({ mac, mtu }, index) => `[    0.400000] virtio_net eth${index}: ${mac} mtu ${mtu}`),
    ...(hasConfigDrive ? ['[    0.900000] cloud-init: data source ConfigDrive'] : []),
    '[    1.200000] cloud-init: finished',
    '',
    `${host} login: `,
  ]
  return lines.join('\r\n')
}
