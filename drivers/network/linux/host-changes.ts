// The command lines that turn the interfaces found on the host into those wanted; pure, so that they can be read in tests.
import { canonicalAddress } from './addresses.ts'
import type { IpLink, ObservedHost } from './observed-host.ts'
import type { HostLink, WantedHost } from './wanted-host.ts'

export interface HostChanges {
  /** Interfaces that are not wanted or are made otherwise; they go before filters are removed. */
  remove: string[]
  /** `ip` lines that make and set; they run after filters stand. */
  make: string[]
  /** `bridge` lines about bridge ports. */
  ports: string[]
  /** Interfaces that are new, so that nothing that stood on an earlier one counts. */
  fresh: Set<string>
  removedNamespaces: string[]
  newNamespaces: string[]
}

export interface LinkSettings {
  /** Owner of taps: user id. */
  user: number
  tunnelPort: number
}

export function hostChanges(wanted: WantedHost, found: ObservedHost, settings: LinkSettings): HostChanges {
  const changes: HostChanges = {
    remove: [],
    make: [],
    ports: [],
    fresh: new Set(),
    removedNamespaces: [],
    newNamespaces: [],
  }
  for (const name of found.namespaces) if (!wanted.namespaces.has(name)) changes.removedNamespaces.push(name)
  for (const name of wanted.namespaces.keys()) if (!found.namespaces.has(name)) changes.newNamespaces.push(name)
  const missing = new Set(changes.newNamespaces)
  const keeps = (link: IpLink): boolean => {
    const want = wanted.links.get(link.ifname)
    return want !== undefined && isSameMake(want, link, settings, missing)
  }
  // Bridges last: what is plugged into them goes first.
  const unwanted = [...found.links.values()].filter((link) => !keeps(link))
  unwanted.sort((a, b) => Number(a.linkinfo?.info_kind === 'bridge') - Number(b.linkinfo?.info_kind === 'bridge'))
  changes.remove.push(...unwanted.map((link) => link.ifname))
  changes.make.push(...changes.newNamespaces.map((name) => `netns add ${name}`))
  for (const want of wanted.links.values()) {
    const link = found.links.get(want.name)
    const standing = link && keeps(link) ? link : undefined
    if (!standing) {
      changes.fresh.add(want.name)
      changes.make.push(makeLine(want, settings))
    }
    changes.make.push(...settingLines(want, standing))
    changes.ports.push(...portLines(want, standing))
  }
  return changes
}

function isSameMake(want: HostLink, link: IpLink, settings: LinkSettings, missingNamespaces: Set<string>): boolean {
  const kind = link.linkinfo?.info_kind
  const data = link.linkinfo?.info_data
  switch (want.make.kind) {
    case 'bridge':
      return kind === 'bridge'
    case 'tap':
      return kind === 'tun'
    case 'vxlan':
      return (
        kind === 'vxlan' &&
        data?.id === want.make.vni &&
        data.local === want.make.local &&
        data.port === settings.tunnelPort
      )
    case 'veth': {
      // A leg with another alias may end in another namespace.
      const isLed = want.make.namespace === null || link.ifalias === want.alias || link.ifalias === undefined
      return kind === 'veth' && isLed && !(want.make.namespace !== null && missingNamespaces.has(want.make.namespace))
    }
  }
}

function makeLine({ name, make, mtu }: HostLink, settings: LinkSettings): string {
  switch (make.kind) {
    case 'bridge':
      return `link add ${name} address ${make.mac} mtu ${mtu} type bridge mcast_snooping 0 forward_delay 0 nf_call_iptables 1 nf_call_ip6tables 1`
    case 'vxlan':
      return `link add ${name} type vxlan id ${make.vni} local ${make.local} dstport ${settings.tunnelPort} nolearning ttl 64`
    case 'tap':
      return `tuntap add ${name} mode tap user ${settings.user}`
    case 'veth': {
      const where = make.namespace === null ? '' : ` netns ${make.namespace}`
      return `link add ${name} mtu ${mtu} type veth peer name ${make.inside} address ${make.mac} mtu ${mtu}${where}`
    }
  }
}

/** The alias comes last: an interface that bears it has got everything else. */
function settingLines(want: HostLink, link: IpLink | undefined): string[] {
  const lines: string[] = []
  const isSet =
    link?.ifalias === want.alias &&
    link.mtu === want.mtu &&
    (link.master ?? null) === want.master &&
    link.flags.includes('UP')
  if (!isSet) {
    const master = want.master === null ? '' : ` master ${want.master}`
    lines.push(`link set ${want.name} addrgenmode none mtu ${want.mtu}${master} up`)
  }
  if (want.make.kind === 'bridge') {
    const standing = new Set(
      (link?.addr_info ?? []).map(({ local, prefixlen }) => `${canonicalAddress(local)}/${prefixlen}`),
    )
    const wanted = new Set(want.addresses)
    for (const address of standing) if (!wanted.has(address)) lines.push(`addr del ${address} dev ${want.name}`)
    for (const address of wanted) {
      const noCheck = address.includes(':') ? ' nodad' : ''
      if (!standing.has(address)) lines.push(`addr replace ${address} dev ${want.name}${noCheck}`)
    }
    if (link && link.linkinfo?.info_data?.nf_call_iptables !== 1)
      lines.push(`link set ${want.name} type bridge nf_call_iptables 1 nf_call_ip6tables 1`)
  }
  if (!isSet) lines.push(`link set ${want.name} alias "${want.alias}"`)
  return lines
}

function portLines(want: HostLink, link: IpLink | undefined): string[] {
  if (want.make.kind === 'bridge') return []
  const flood = want.learning || want.make.kind === 'vxlan'
  const data = link?.linkinfo?.info_slave_data
  const isSet =
    link?.master === want.master &&
    data?.learning === want.learning &&
    data.flood === flood &&
    data.neigh_suppress === want.suppressNeighbours
  if (isSet) return []
  const onOff = (value: boolean) => (value ? 'on' : 'off')
  return [
    `link set dev ${want.name} learning ${onOff(want.learning)} flood ${onOff(flood)} neigh_suppress ${onOff(want.suppressNeighbours)}`,
  ]
}

/**
 * Lines that turn one set of entries into another. Entries of interfaces that are gone went with them; those of fresh
 * interfaces do not stand any more.
 */
export function entryChanges(
  before: Set<string>,
  after: Set<string>,
  links: { wanted: (name: string) => boolean; fresh: Set<string> },
): { removed: string[]; added: string[] } {
  const deviceOf = (entry: string): string => / dev (\S+)/.exec(entry)?.[1] ?? ''
  const removed = [...before].filter((entry) => {
    const device = deviceOf(entry)
    return !after.has(entry) && links.wanted(device) && !links.fresh.has(device)
  })
  const added = [...after].filter((entry) => !before.has(entry) || links.fresh.has(deviceOf(entry)))
  return { removed, added }
}
