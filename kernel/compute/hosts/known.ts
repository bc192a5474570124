// The hosts as placement sees them: kept in memory until a commit says that they changed.
import type { HostDirectory } from '../../../eden/host/host.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable, Store } from '../../../eden/store/store.ts'
import type { ComputeConfig } from '../config.ts'
import type { Candidate, Size } from '../placement/place.ts'
import { type Aggregate, aggregate, type ComputeHost, computeHost } from './host.ts'

const beyond = everyone('hosts belong to the cloud')

/** As long as Nova takes a host for alive that is silent. */
const backSoonMs = 60_000

export class HostsKnown {
  readonly #store: Store
  readonly #directory: HostDirectory
  readonly #config: ComputeConfig
  #rows: ComputeHost[] | undefined
  #aggregates: Aggregate[] | undefined

  constructor(store: Store, directory: HostDirectory, config: ComputeConfig) {
    this.#store = store
    this.#directory = directory
    this.#config = config
    store.onCommit((changes) => {
      const isOurs = ({ service, type }: { service: string; type: string }) =>
        service === 'compute' && (type === 'host' || type === 'aggregate')
      if (changes.length === 0 || changes.some(isOurs)) this.forget()
    })
  }

  forget() {
    this.#rows = undefined
    this.#aggregates = undefined
  }

  async rows(): Promise<ComputeHost[]> {
    this.#rows ??= await this.#store
      .reads()
      .rows(computeHost, beyond)
      .list({ sort: [{ field: 'name' }] })
    return this.#rows
  }

  async aggregates(): Promise<Aggregate[]> {
    this.#aggregates ??= await this.#store
      .reads()
      .rows(aggregate, beyond)
      .list({ sort: [{ field: 'number' }] })
    return this.#aggregates
  }

  async zoneOf(host: string): Promise<string> {
    for (const { hosts, metadata } of await this.aggregates())
      if (metadata.availability_zone && hosts.includes(host)) return metadata.availability_zone
    return this.#config.defaultZone
  }

  isUp({ name, isForcedDown }: Pick<ComputeHost, 'name' | 'isForcedDown'>): boolean {
    return !isForcedDown && this.#directory.names().includes(name) && this.#directory.get(name).isUp
  }

  #isBackSoon({ name, isForcedDown }: ComputeHost): boolean {
    if (isForcedDown || !this.#directory.names().includes(name)) return false
    const { awaySince } = this.#directory.get(name)
    return awaySince !== undefined && this.#store.clock.now() - awaySince < backSoonMs
  }

  /** What may be promised of the host. */
  capacityOf(host: ComputeHost): Size {
    const { cpuAllocationRatio, ramAllocationRatio, diskAllocationRatio, reservedMemoryMiB } = this.#config
    return {
      vcpus: Math.floor(host.vcpus * cpuAllocationRatio),
      memoryMiB: Math.floor(Math.max(0, host.memoryMiB - reservedMemoryMiB) * Number(ramAllocationRatio)),
      diskGiB: Math.floor(host.diskGiB * Number(diskAllocationRatio)),
    }
  }

  /** With what is used as `reads` sees it: inside a transaction the figures cannot change any more. */
  async candidates(reads: Readable): Promise<Candidate[]> {
    const used = await usageByHost(reads)
    const rows = await this.rows()
    // Where no host answers, those that went a moment ago count: they are being started anew, and the job waits for them.
    const isAnyUp = rows.some((row) => this.isUp(row))
    return Promise.all(
      rows.map(async (row) => ({
        name: row.name,
        zone: await this.zoneOf(row.name),
        capacity: this.capacityOf(row),
        used: { ...(used.get(row.name) ?? nothing) },
        isUp: this.isUp(row) || (!isAnyUp && this.#isBackSoon(row)),
        ...(row.isDisabled && { disabled: row.disabledReason ?? '' }),
      })),
    )
  }
}

export type HostUsage = Size & { servers: number }
const nothing: HostUsage = { vcpus: 0, memoryMiB: 0, diskGiB: 0, servers: 0 }

/** What the servers of each host take of it; counted from their rows. */
export async function usageByHost(reads: Readable): Promise<Map<string, HostUsage>> {
  const query = reads.sql
    .selectFrom('compute_servers')
    .select((eb) => [
      'host',
      eb.fn.sum('vcpus').as('vcpus'),
      eb.fn.sum('memory_mi_b').as('memory'),
      eb.fn.sum('disk_gi_b').as('disk'),
      eb.fn.countAll().as('servers'),
    ])
    .where('host', 'is not', null)
    .groupBy('host')
  const rows = await reads.query<{ host: string; vcpus: number; memory: number; disk: number; servers: number }>(
    query.compile(),
  )
  return new Map(
    rows.map(({ host, vcpus, memory, disk, servers }) => [
      host,
      { vcpus: Number(vcpus), memoryMiB: Number(memory), diskGiB: Number(disk), servers: Number(servers) },
    ]),
  )
}

export const usageOf = (usage: Map<string, HostUsage>, host: string): HostUsage => usage.get(host) ?? nothing
