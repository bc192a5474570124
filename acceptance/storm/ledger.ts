// What the cloud has promised: every acknowledged write and deletion, remembered outside the cloud.

export const kinds = {
  server: { service: 'compute', path: '/v2.1/servers', table: 'compute_servers', name: 'name' },
  port: { service: 'network', path: '/v2.0/ports', table: 'network_ports', name: 'name' },
  floatingip: { service: 'network', path: '/v2.0/floatingips', table: 'network_floatingips', name: 'description' },
  network: { service: 'network', path: '/v2.0/networks', table: 'network_networks', name: 'name' },
  volume: { service: 'volume', path: '/v3/volumes', table: 'volume_volumes', name: 'name' },
  snapshot: { service: 'volume', path: '/v3/snapshots', table: 'volume_snapshots', name: 'name' },
  image: { service: 'image', path: '/v2/images', table: 'image_images', name: 'name' },
} as const
export type Kind = keyof typeof kinds

/** `unknown`: asked for, but the answer did not come. */
export type Known<T> = T | 'unknown'

export interface Entry {
  kind: Kind
  name: string
  /** Absent while the answer to its creation has not come. */
  id: string | undefined
  removal: 'none' | 'asked' | 'acknowledged'
  /** A client is at work on it. */
  isBusy: boolean
  /** What was acknowledged about it, e.g. size, power, the port that a floating IP points at. */
  facts: Record<string, Known<string | number | null>>
  /** For servers: volumes and whether they are attached. */
  volumes: Map<string, Known<boolean>>
  /** For servers: ports that were added later. */
  cards: Map<string, Known<boolean>>
}

export class Ledger {
  readonly entries: Entry[] = []
  acknowledged = 0
  unanswered = 0
  refused = new Map<string, number>()
  #count = 0

  open(kind: Kind): Entry {
    const entry: Entry = {
      kind,
      name: `storm-${kind}-${++this.#count}`,
      id: undefined,
      removal: 'none',
      isBusy: true,
      facts: {},
      volumes: new Map(),
      cards: new Map(),
    }
    this.entries.push(entry)
    return entry
  }

  /** Those that must be there, as far as is known. */
  living(kind: Kind): Entry[] {
    return this.entries.filter((entry) => entry.kind === kind && entry.id && entry.removal === 'none')
  }

  /** Counts also those of which nothing is known. */
  perhaps(kind: Kind): number {
    return this.entries.filter((entry) => entry.kind === kind && entry.removal !== 'acknowledged').length
  }

  refuse(what: string) {
    this.refused.set(what, (this.refused.get(what) ?? 0) + 1)
  }
}
