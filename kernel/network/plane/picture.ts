// What the rows of network say, kept in memory and brought forward by each commit, so that no apply reads the database.
import { type Change, change } from '../../../eden/changes/change.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Store } from '../../../eden/store/store.ts'
import { type FloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { type Network, network } from '../networks/network.ts'
import { owners, type Port, port } from '../ports/port.ts'
import { type Router, router } from '../routers/router.ts'
import {
  type SecurityGroup,
  type SecurityGroupRule,
  securityGroup,
  securityGroupRule,
} from '../security-groups/group.ts'
import { type Subnet, subnet } from '../subnets/subnet.ts'
import { Table } from './table.ts'

const beyond = everyone('hosts carry the networks of all projects')
const some = (text: string | null) => (text ? [text] : [])

export class Picture {
  readonly networks = new Table<Network>({})
  readonly subnets = new Table<Subnet>({ network: (row) => [row.networkId] })
  readonly ports = new Table<Port>({
    network: (row) => [row.networkId],
    host: (row) => some(row.host),
    group: (row) => row.securityGroups,
    leg: (row) => (row.deviceOwner === owners.interface ? [row.deviceId] : []),
    address: (row) => row.fixedIps.map(({ ip_address }) => `${row.networkId} ${ip_address}`),
  })
  readonly routers = new Table<Router>({ host: (row) => some(row.host) })
  readonly floatingIps = new Table<FloatingIp>({ router: (row) => some(row.routerId) })
  readonly groups = new Table<SecurityGroup>({})
  readonly rules = new Table<SecurityGroupRule>({ group: (row) => [row.securityGroupId] })
  /** Number of the newest change that is in here. */
  version = 0
  readonly #store: Store
  readonly #tables: Record<string, { table: Table<never>; resource: Resource<never> }>
  #isLoaded = false
  #loading: Promise<void> | undefined
  /** Commits that arrive while the rows are being read. */
  #meanwhile: Change[] = []

  constructor(store: Store) {
    this.#store = store
    const entries = [
      [network, this.networks],
      [subnet, this.subnets],
      [port, this.ports],
      [router, this.routers],
      [floatingIp, this.floatingIps],
      [securityGroup, this.groups],
      [securityGroupRule, this.rules],
    ] as unknown as [Resource<never>, Table<never>][]
    this.#tables = Object.fromEntries(entries.map(([resource, table]) => [resource.name, { table, resource }]))
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  /** Resolves when the rows are in here. */
  async ready(): Promise<void> {
    while (!this.#isLoaded || this.#loading) {
      this.#loading ??= this.#load()
        .catch((error: unknown) => {
          this.#isLoaded = false
          throw error
        })
        .finally(() => {
          this.#loading = undefined
        })
      await this.#loading
    }
  }

  /** Somebody else has written: what is in here may be old. */
  forget() {
    this.#isLoaded = false
  }

  /** Takes over what was committed. */
  follow(changes: Change[]) {
    if (this.#loading) this.#meanwhile.push(...changes)
    if (!this.#isLoaded) return
    for (const one of changes) this.#take(one)
  }

  async #load(): Promise<void> {
    this.#meanwhile = []
    this.#isLoaded = true
    const reads = this.#store.reads()
    const [newest] = await reads.rows(change, beyond).list({ sort: [{ field: 'seq', descending: true }], limit: 1 })
    const loaded = await Promise.all(
      Object.values(this.#tables).map(async ({ table, resource }) => ({
        table,
        rows: await reads.rows(resource, beyond).list(),
      })),
    )
    for (const { table, rows } of loaded) {
      table.clear()
      for (const row of rows) table.put(row as never)
    }
    this.version = Math.max(this.version, newest?.seq ?? 0)
    for (const one of this.#meanwhile.splice(0)) this.#take(one)
  }

  #take({ service, type, resourceId, after, seq }: Change) {
    this.version = Math.max(this.version, seq)
    const known = service === 'network' ? this.#tables[type] : undefined
    if (!known) return
    if (after) known.table.put(after as never)
    else known.table.drop(resourceId)
  }
}
