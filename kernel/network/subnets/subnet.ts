// A subnet: a block of addresses on a network, and what guests are told with them.
import { Type } from 'typebox'
import {
  createdAt,
  flag,
  id,
  integer,
  json,
  maybe,
  oneOf,
  revision,
  text,
  texts,
  updatedAt,
} from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { grantedTo } from '../rbac/visible.ts'

export interface Pool {
  start: string
  end: string
}

export interface HostRoute {
  destination: string
  nexthop: string
}

export const ipv6Modes = ['slaac', 'dhcpv6-stateful', 'dhcpv6-stateless'] as const

const shortText = () => Type.String({ maxLength: 64 })
export const pools = Type.Array(Type.Object({ start: shortText(), end: shortText() }, { additionalProperties: false }))
export const hostRoutes = Type.Array(
  Type.Object({ destination: shortText(), nexthop: shortText() }, { additionalProperties: false }),
)

export const subnet = resource('subnet', {
  service: 'network',
  plural: 'subnets',
  owner: 'projectId',
  alsoVisible: (where, call) => grantedTo(where, call, 'network_subnets.network_id', ['access_as_shared']),
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    networkId: id({ createOnly: true, index: true }),
    name: text({ default: '' }),
    description: text({ default: '' }),
    ipVersion: integer({ createOnly: true }),
    cidr: text({ createOnly: true, max: 64 }),
    gatewayIp: maybe(text({ max: 64 })),
    allocationPools: json<Pool[]>(pools),
    dnsNameservers: texts({ max: 64 }),
    hostRoutes: json<HostRoute[]>(hostRoutes, { default: () => [] }),
    enableDhcp: flag({ default: true }),
    ipv6RaMode: maybe(oneOf(ipv6Modes, { createOnly: true })),
    ipv6AddressMode: maybe(oneOf(ipv6Modes, { createOnly: true })),
    subnetpoolId: maybe(id({ createOnly: true, index: true })),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type Subnet = Row<typeof subnet>

export const everySubnet = everyone('addresses of a network hold for all who use it')

/** Do ports take their address from their MAC here? */
export const isAutoAddressed = ({ ipv6AddressMode }: Pick<Subnet, 'ipv6AddressMode'>) =>
  ipv6AddressMode === 'slaac' || ipv6AddressMode === 'dhcpv6-stateless'
