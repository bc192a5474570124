// What network asks of the data plane of one host: make the host be as wanted. The host role owns the driver.

export interface WantedSubnet {
  id: string
  /** `10.0.0.0/24` or `fd00::/64`. */
  cidr: string
  ipVersion: 4 | 6
  gateway: string | null
  dns: string[]
  /** Routes handed out by DHCP. */
  hostRoutes: { destination: string; nexthop: string }[]
  /** Address from which DHCP and metadata are served; null where DHCP is off. */
  dhcpAddress: string | null
}

export interface WantedNetwork {
  id: string
  /** Tenant networks have a VXLAN id; external ones name the physical network they stand for. */
  kind: { tenant: number } | { external: string }
  mtu: number
  /** MAC of the DHCP and metadata server's own port. */
  serviceMac: string
  subnets: WantedSubnet[]
  /** Every port of the network that lives on another host: where its frames must go. */
  remotePorts: { mac: string; addresses: string[]; tunnelAddress: string }[]
}

export interface WantedPort {
  id: string
  networkId: string
  mac: string
  fixedIps: { subnetId: string; address: string }[]
  hostname: string
  adminUp: boolean
  /** False: no anti-spoofing, no filter. */
  portSecurity: boolean
  /** Further addresses the guest may speak from; `mac` absent means the port's own. `address` may be a CIDR. */
  allowedPairs: { address: string; mac?: string }[]
  securityGroups: string[]
}

export interface WantedRule {
  direction: 'ingress' | 'egress'
  ethertype: 'IPv4' | 'IPv6'
  /** Name (`tcp`) or number as text; null is any. */
  protocol: string | null
  /** Ports, or ICMP type and code. */
  portMin: number | null
  portMax: number | null
  /** At most one of the two; neither is anywhere. */
  remoteCidr: string | null
  remoteGroupId: string | null
}

export interface WantedSecurityGroup {
  id: string
  rules: WantedRule[]
  /** Addresses of all ports in the group, on every host. */
  members: string[]
}

export interface WantedRouter {
  id: string
  adminUp: boolean
  /** `cidr` is the leg's address with its subnet's prefix length: `10.0.0.1/24`. */
  interfaces: { portId: string; networkId: string; mac: string; cidr: string }[]
  gateway: {
    portId: string
    networkId: string
    mac: string
    cidrs: string[]
    nexthop: string | null
    snat: boolean
  } | null
  routes: { destination: string; nexthop: string }[]
  floatingIps: { id: string; address: string; fixedAddress: string }[]
}

/** All that one host must be. Applying it twice changes nothing. */
export interface HostNetworks {
  /** This host's address for tunnels; null where there is only one host. */
  tunnelAddress: string | null
  networks: WantedNetwork[]
  /** Ports of guests that live on this host. */
  ports: WantedPort[]
  /** Groups that those ports use, and those that their rules refer to. */
  securityGroups: WantedSecurityGroup[]
  /** Routers that live on this host. */
  routers: WantedRouter[]
}

/** How the guest's network card is plugged in; goes to the compute driver as it is. */
export type Vif = { kind: 'tap'; interface: string } | { kind: 'user' } | { kind: 'simulated' }

export interface MetadataRequest {
  /** The network on which the guest asked, or the router through which it asked. */
  networkId?: string
  routerId?: string
  /** The guest's own address: with the network it identifies the port. */
  sourceAddress: string
  method: string
  path: string
  headers: Record<string, string>
}

export interface MetadataReply {
  status: number
  headers: Record<string, string>
  body: string | Uint8Array
}

/** Answers the guests' requests to 169.254.169.254. */
export type MetadataHandler = (request: MetadataRequest) => Promise<MetadataReply>

export interface ObservedNetworks {
  /** Ids of what of ours stands on the host. */
  networks: string[]
  ports: string[]
  routers: string[]
  floatingIps: string[]
}

/** Every call is repeatable. Nothing that the driver did not make is ever touched. */
export interface NetworkDriver {
  readonly name: string
  /** Checks what the host can do and adopts what an earlier process of ours left, without disturbing traffic. */
  open(metadata: MetadataHandler): Promise<void>
  /** Closes sockets and lets go; packets of running guests go on flowing. */
  close(): Promise<void>
  /** What was found: capabilities and, in sentences, what is missing. */
  capabilities(): { traits: string[]; notes: string[] }
  /** Makes the host be as wanted, and only so: what is no longer wanted goes. Calls are serialised inside. */
  apply(wanted: HostNetworks): Promise<void>
  /** How a guest plugs into a port; the port must have been applied before its guest starts. */
  vif(portId: string): Vif
  observe(): Promise<ObservedNetworks>
  /** Removes every trace from the host. */
  removeAll(): Promise<void>
}
