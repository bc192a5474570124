// Makes one Linux host be as the cloud wants it: bridges, taps, filters, routers, DHCP and metadata.
import type {
  HostNetworks,
  MetadataHandler,
  NetworkDriver,
  ObservedNetworks,
  Vif,
} from '../../../kernel/network/driver.ts'
import { validateWanted } from '../validate-wanted.ts'
import { canonicalAddress } from './addresses.ts'
import { bridgeBatch, ipBatch, nftTransaction } from './commands.ts'
import { changeConnections, listConnections } from './connection-table.ts'
import { judgeConnections, refusedBit } from './connections.ts'
import { announceFloatingIps, forgetFloatingIps } from './floating-ips.ts'
import type { FoundForwarding } from './forwarding-switch.ts'
import { currentForwarding, readFoundForwarding, rememberForwarding, setForwarding } from './forwarding-switch.ts'
import { GuestServices } from './guest-services.ts'
import { entryChanges, hostChanges } from './host-changes.ts'
import { assignZones, bridgeOf, bridgeTable, inetTable, isExternal } from './host-tables.ts'
import { mapConcurrently } from './map-concurrently.ts'
import type { Names } from './names.ts'
import { namesFor } from './names.ts'
import { applyNamespace } from './namespace-changes.ts'
import type { NftTable } from './nft-table.ts'
import { changeScript, removeScript, replaceScript } from './nft-table.ts'
import {
  observeForwarding,
  observeHost,
  observeNeighbours,
  observeZones,
  readNft,
  standTables,
} from './observed-host.ts'
import { probeHost } from './probe.ts'
import { removeFromHost } from './removal.ts'
import { floatingMark } from './router-table.ts'
import type { PortKind, WantedHost } from './wanted-host.ts'
import { wantedHost } from './wanted-host.ts'

export interface LinuxNetworkOptions {
  /** Begins the name of everything that this driver makes: 2 to 5 lower-case letters or digits. Default `cos`. */
  prefix?: string
  /** User id that owns the taps, so that QEMU can open them without privileges. Default: the current user. */
  tapUser?: number
  /** UDP port of the tunnels. Default 4789. */
  tunnelPort?: number
  /** `veth`: ports are pairs whose other end a test puts into a namespace. Default `tap`. */
  portKind?: PortKind
  /** Hears of failures outside of calls: a DHCP answer that could not be sent, a metadata handler that threw. */
  log?: { warn(details: { err: Error }, message: string): void }
}

/** All that the last successful apply made. */
interface Standing {
  wanted: HostNetworks
  host: WantedHost
  bridge: NftTable
  inet: NftTable
  zones: Map<string, number>
}

export class LinuxNetworkDriver implements NetworkDriver {
  readonly name = 'linux'
  readonly #names: Names
  readonly #settings: { user: number; tunnelPort: number }
  readonly #portKind: PortKind
  readonly #onError: (error: Error) => void
  #services: GuestServices | undefined
  #capabilities: { traits: string[]; notes: string[] } = { traits: [], notes: [] }
  /** Undefined: nothing is known about the host, so it is read. */
  #standing: Standing | undefined
  #foundForwarding: FoundForwarding = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: LinuxNetworkOptions = {}) {
    this.#names = namesFor(options.prefix ?? 'cos')
    this.#settings = { user: options.tapUser ?? process.getuid?.() ?? 0, tunnelPort: options.tunnelPort ?? 4789 }
    this.#portKind = options.portKind ?? 'tap'
    const { log } = options
    this.#onError = log ? (error) => log.warn({ err: error }, error.message) : (error) => process.emitWarning(error)
  }

  async open(metadata: MetadataHandler): Promise<void> {
    const { traits, notes, missing } = await probeHost(`${this.#names.prefix}trial`)
    if (missing.length > 0) throw new Error(`This host cannot carry networks. Missing: ${missing.join('; ')}.`)
    this.#capabilities = { traits, notes }
    this.#services = new GuestServices(this.#names, metadata, this.#onError)
    this.#standing = undefined
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#services?.closeAll()
      this.#services = undefined
      this.#standing = undefined
    })
  }

  capabilities(): { traits: string[]; notes: string[] } {
    return this.#capabilities
  }

  apply(wanted: HostNetworks): Promise<void> {
    const copy = structuredClone(wanted)
    return this.#inTurn(async () => {
      validateWanted(copy)
      const before = this.#standing
      // Until this has gone through, what stands is somewhere in between.
      this.#standing = undefined
      this.#standing = await this.#make(copy, before)
    })
  }

  vif(portId: string): Vif {
    return { kind: 'tap', interface: this.#names.interfaceFor('p', portId) }
  }

  observe(): Promise<ObservedNetworks> {
    return this.#inTurn(() => this.#observe())
  }

  removeAll(): Promise<void> {
    return this.#inTurn(() => this.#removeAll())
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  async #make(wanted: HostNetworks, before: Standing | undefined): Promise<Standing> {
    const services = this.#services
    if (!services) throw new Error('The network driver is not open.')
    const names = this.#names
    const host = wantedHost(wanted, names, this.#portKind)
    const bridges = wanted.networks.filter((network) => !isExternal(network)).map((network) => bridgeOf(names, network))
    const zones = assignZones(bridges, before?.zones ?? (await observeZones(names)))
    if (!before) this.#foundForwarding = await readFoundForwarding(names)
    const needsForwarding = wanted.networks.some(
      (network) => isExternal(network) && network.subnets.some(({ ipVersion, gateway }) => ipVersion === 4 && gateway),
    )
    if (needsForwarding) this.#foundForwarding ??= currentForwarding()
    else this.#restoreForwarding()
    const standing: Standing = {
      wanted,
      host,
      zones,
      bridge: bridgeTable(wanted, names),
      inet: inetTable(wanted, names, zones),
    }
    rememberForwarding(standing.inet, this.#foundForwarding)

    const [found, isIntact] = await Promise.all([observeHost(names), before !== undefined && standTables(names)])
    const changes = hostChanges(host, found, this.#settings)
    // A namespace that was taken away behind our back took the meaning of its sockets with it.
    await services.closeIn([...changes.removedNamespaces, ...changes.newNamespaces])
    await removeFromHost(changes.remove, changes.removedNamespaces)
    // Filters stand before the ports that they guard are plugged in.
    await nftTransaction(hostScript(isIntact ? before : undefined, standing))
    if (needsForwarding) setForwarding('1')
    await this.#makeLinks(before?.host, host, changes)
    const isNew = new Set(changes.newNamespaces)
    await mapConcurrently(4, host.namespaces.values(), async (namespace) => {
      const known = before?.host.namespaces.get(namespace.name) ?? 'unknown'
      await applyNamespace(
        isNew.has(namespace.name) ? 'new' : known,
        namespace,
        freshLegs(host, namespace.name, changes.fresh),
      )
    })
    await services.serve(wanted)
    await this.#settleConnections(before, standing)
    await forgetFloatingIps(before?.wanted, wanted, names)
    announceFloatingIps(before?.wanted, wanted, names)
    return standing
  }

  async #makeLinks(before: WantedHost | undefined, host: WantedHost, changes: ReturnType<typeof hostChanges>) {
    const links = { wanted: (name: string) => host.links.has(name), fresh: changes.fresh }
    const names = this.#names
    const neighbours = entryChanges(
      before?.neighbours ?? (await observeNeighbours(names, canonicalAddress)),
      host.neighbours,
      links,
    )
    const forwarding = entryChanges(before?.forwarding ?? (await observeForwarding(names)), host.forwarding, links)
    await ipBatch([
      ...changes.make,
      ...neighbours.removed.map((entry) => `neigh del ${entry}`),
      ...neighbours.added.map((entry) => `neigh replace ${entry} nud permanent`),
    ])
    await bridgeBatch([
      ...changes.ports,
      ...forwarding.removed.map((entry) => `fdb del ${entry}`),
      // One flood entry for each other host: these are added to each other, not replaced.
      ...forwarding.added.map(
        (entry) => `fdb ${entry.startsWith('00:00:00:00:00:00') ? 'append' : 'replace'} ${entry}`,
      ),
    ])
  }

  /** Connections that the rules of now do not allow stop, those of ports and networks that left are forgotten. */
  async #settleConnections(before: Standing | undefined, { wanted, zones, bridge }: Standing): Promise<void> {
    const old = before?.wanted
    if (before && changeScript(before.bridge, bridge) === '') return
    const names = this.#names
    const bridgeOfNetwork = (state: HostNetworks, id: string) =>
      bridgeOf(names, state.networks.find((network) => network.id === id)!)
    const zoneIn = (state: HostNetworks, all: Map<string, number>) => (id: string) =>
      all.get(bridgeOfNetwork(state, id)) ?? 0
    const addresses = (state: HostNetworks, all: Map<string, number>) =>
      state.ports.flatMap((port) =>
        port.fixedIps.map((ip) => `${zoneIn(state, all)(port.networkId)} ${canonicalAddress(ip.address)}`),
      )
    const staying = new Set(addresses(wanted, zones))
    const gone = new Set(old && before ? addresses(old, before.zones).filter((text) => !staying.has(text)) : [])
    const usedZones = new Set(zones.values())
    const goneZones = new Set([...(before?.zones.values() ?? [])].filter((zone) => !usedZones.has(zone)))
    const hasV6 = [wanted, ...(old ? [old] : [])].some((state) =>
      state.networks.some((network) => network.subnets.some(({ ipVersion }) => ipVersion === 6)),
    )
    for (const version of hasV6 ? ([4, 6] as const) : ([4] as const)) {
      const connections = await listConnections(version)
      const left = connections.filter(({ zone }) => goneZones.has(zone))
      const judged = judgeConnections(connections, wanted, zoneIn(wanted, zones), gone)
      const forgotten = left.map((connection) => ({ connection, change: 'forget' as const }))
      await changeConnections([...judged, ...forgotten], refusedBit)
    }
  }

  #restoreForwarding(): void {
    if (this.#foundForwarding === '0') setForwarding('0')
    this.#foundForwarding = null
  }

  async #observe(): Promise<ObservedNetworks> {
    const names = this.#names
    const { links, namespaces } = await observeHost(names)
    const observed: ObservedNetworks = { networks: [], ports: [], routers: [], floatingIps: [] }
    for (const { ifname, ifalias = '' } of links.values()) {
      const id = ifalias.split(' ')[1]
      const kind = names.kindOf(ifname)
      if (id && (kind === 'n' || kind === 'x')) observed.networks.push(id)
      if (id && kind === 'p') observed.ports.push(id)
    }
    for (const name of namespaces) {
      const owner = names.namespaceOf(name)
      if (owner?.kind !== 'router') continue
      observed.routers.push(owner.id)
      const chains = await readNft<{ chain?: { name: string } }>(['-t', 'list', 'ruleset'], name)
      for (const { chain } of chains)
        if (chain?.name.startsWith(floatingMark))
          observed.floatingIps.push(chain.name.slice(floatingMark.length).replaceAll('_', '-'))
    }
    for (const list of Object.values(observed)) list.sort()
    return observed
  }

  async #removeAll(): Promise<void> {
    const names = this.#names
    await this.#services?.closeAll()
    this.#standing = undefined
    this.#foundForwarding = await readFoundForwarding(names)
    const zones = new Set((await observeZones(names)).values())
    const nothing: WantedHost = {
      links: new Map(),
      namespaces: new Map(),
      forwarding: new Set(),
      neighbours: new Set(),
    }
    const changes = hostChanges(nothing, await observeHost(names), this.#settings)
    await removeFromHost(changes.remove, changes.removedNamespaces)
    this.#restoreForwarding()
    await nftTransaction(
      removeScript({ family: 'bridge', name: names.table }) + removeScript({ family: 'inet', name: names.table }),
    )
    for (const version of zones.size > 0 ? ([4, 6] as const) : []) {
      const ours = (await listConnections(version)).filter(({ zone }) => zones.has(zone))
      await changeConnections(
        ours.map((connection) => ({ connection, change: 'forget' })),
        refusedBit,
      )
    }
  }
}

function hostScript(before: Standing | undefined, after: Standing): string {
  if (!before) return replaceScript(after.bridge) + replaceScript(after.inet)
  return changeScript(before.bridge, after.bridge) + changeScript(before.inet, after.inet)
}

/** Inside names of those legs of a namespace that were made just now. */
function freshLegs(host: WantedHost, namespace: string, fresh: Set<string>): Set<string> {
  const inside = new Set<string>()
  for (const name of fresh) {
    const make = host.links.get(name)?.make
    if (make?.kind === 'veth' && make.namespace === namespace) inside.add(make.inside)
  }
  return inside
}
