// What is known of the network hosts: where their tunnels end, what their drivers can, and when they last answered.
import type { HostDirectory } from '../../../eden/host/host.ts'

export interface HostFacts {
  driver: string
  tunnelAddress: string | null
  traits: string[]
  notes: string[]
}

export interface KnownHost extends HostFacts {
  name: string
  firstSeenAt: number
  /** Milliseconds since 1970. */
  seenAt: number
  isUp: boolean
}

export class HostBook {
  readonly #hosts: HostDirectory
  readonly #known = new Map<string, Omit<KnownHost, 'isUp'>>()

  constructor(hosts: HostDirectory) {
    this.#hosts = hosts
  }

  /** Asks the host what it is. */
  async learn(name: string, now = Date.now()): Promise<void> {
    const facts = await this.#hosts.get(name).ask<HostFacts>('describe', {}, { withinMs: 10_000 })
    this.#known.set(name, { ...facts, name, seenAt: now, firstSeenAt: this.#known.get(name)?.firstSeenAt ?? now })
  }

  /** Where each host's tunnels end; nowhere while there is only one. */
  tunnels(): Map<string, string | null> {
    const names = this.#hosts.names()
    return new Map(
      names.map((name) => [name, names.length > 1 ? (this.#known.get(name)?.tunnelAddress ?? null) : null]),
    )
  }

  list(): KnownHost[] {
    return this.#hosts.names().flatMap((name) => {
      const known = this.#known.get(name)
      return known ? [{ ...known, isUp: this.#hosts.get(name).isUp }] : []
    })
  }
}
