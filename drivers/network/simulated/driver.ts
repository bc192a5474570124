// The twin of the real network driver: remembers what it was told, refuses what the real one refuses, touches nothing.
import { setTimeout } from 'node:timers/promises'
import type {
  HostNetworks,
  MetadataHandler,
  MetadataReply,
  MetadataRequest,
  NetworkDriver,
  ObservedNetworks,
  Vif,
} from '../../../kernel/network/driver.ts'
import { validateWanted } from '../validate-wanted.ts'

export interface SimulatedNetworkKnobs {
  /** How long every call takes. Default 0. */
  delayMs?: number
  /** What guests are plugged into, for guests that are real although their network is not. Default `simulated`. */
  vif?: Vif
}

export type NetworkOperation = 'open' | 'close' | 'apply' | 'observe' | 'removeAll'

/** What a simulated host's kernel would hold; give the same one to the next driver to simulate a restart. */
export interface SimulatedNetworkHost {
  stands: HostNetworks | null
}

export class SimulatedNetworkDriver implements NetworkDriver {
  readonly name = 'simulated'
  delayMs: number
  /** Counts successful calls of `apply`. */
  applied = 0
  readonly #vif: Vif
  readonly #host: SimulatedNetworkHost
  readonly #failures = new Map<NetworkOperation, Error[]>()
  #metadata: MetadataHandler | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(knobs: SimulatedNetworkKnobs = {}, host: SimulatedNetworkHost = { stands: null }) {
    this.delayMs = knobs.delayMs ?? 0
    this.#vif = knobs.vif ?? { kind: 'simulated' }
    this.#host = host
  }

  /** The next call of this operation throws this error; several are thrown one after the other. */
  failNext(operation: NetworkOperation, error: Error): void {
    this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), error])
  }

  /** What stands, as it was wanted; null where nothing does. */
  get stands(): HostNetworks | null {
    return structuredClone(this.#host.stands)
  }

  /** Asks for metadata as a guest would. */
  async request(request: MetadataRequest): Promise<MetadataReply> {
    if (!this.#metadata) throw new Error('The network driver is not open.')
    return this.#metadata(request)
  }

  open(metadata: MetadataHandler): Promise<void> {
    return this.#call('open', () => {
      this.#metadata = metadata
    })
  }

  close(): Promise<void> {
    return this.#call('close', () => {
      this.#metadata = undefined
    })
  }

  capabilities(): { traits: string[]; notes: string[] } {
    return {
      traits: ['tenant-networks', 'security-groups', 'routers', 'floating-ips', 'dhcp', 'metadata'],
      notes: ['These networks are simulated: no packet flows.'],
    }
  }

  apply(wanted: HostNetworks): Promise<void> {
    const copy = structuredClone(wanted)
    return this.#call('apply', () => {
      if (!this.#metadata) throw new Error('The network driver is not open.')
      validateWanted(copy)
      this.#host.stands = copy
      this.applied++
    })
  }

  vif(_portId: string): Vif {
    return this.#vif
  }

  observe(): Promise<ObservedNetworks> {
    return this.#call('observe', () => {
      const stands = this.#host.stands
      const ids = (list: { id: string }[] = []) => list.map(({ id }) => id).sort()
      return {
        networks: ids(stands?.networks),
        ports: ids(stands?.ports),
        routers: ids(stands?.routers),
        floatingIps: ids(stands?.routers.flatMap((router) => router.floatingIps)),
      }
    })
  }

  removeAll(): Promise<void> {
    return this.#call('removeAll', () => {
      this.#host.stands = null
    })
  }

  #call<T>(operation: NetworkOperation, work: () => T): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.delayMs > 0) await setTimeout(this.delayMs)
      const failure = this.#failures.get(operation)?.shift()
      if (failure) throw failure
      return work()
    })
    this.#last = result.catch(() => {})
    return result
  }
}
