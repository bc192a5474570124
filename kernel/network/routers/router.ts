// A router: legs in tenants' subnets, at most one gateway into an external network, and extra routes.
import { Type } from 'typebox'
import {
  createdAt,
  flag,
  id,
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
import { fixedIpsAsked } from '../ports/port.ts'
import { type HostRoute, hostRoutes } from '../subnets/subnet.ts'

export const gatewayAsked = Type.Union([
  Type.Null(),
  Type.Object(
    {
      network_id: Type.Optional(Type.String()),
      enable_snat: Type.Optional(Type.Boolean()),
      external_fixed_ips: Type.Optional(fixedIpsAsked),
    },
    { additionalProperties: false },
  ),
])

export interface GatewayAsked {
  network_id?: string
  enable_snat?: boolean
  external_fixed_ips?: { subnet_id?: string; ip_address?: string }[]
}

export const router = resource('router', {
  service: 'network',
  plural: 'routers',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    name: text({ default: '' }),
    description: text({ default: '' }),
    adminStateUp: flag({ default: true }),
    status: oneOf(['ACTIVE', 'ALLOCATING', 'ERROR'], { readOnly: true, default: 'ACTIVE' }),
    /** The port in the external network; null without a gateway. */
    gatewayPortId: maybe(id({ hidden: true, index: true })),
    gatewayNetworkId: maybe(id({ hidden: true, index: true })),
    enableSnat: flag({ hidden: true, default: true }),
    routes: json<HostRoute[]>(hostRoutes, { default: () => [] }),
    availabilityZoneHints: texts({ createOnly: true }),
    /** The host that forwards its packets; empty until there is one. */
    host: text({ hidden: true, default: '' }),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type Router = Row<typeof router>

export const everyRouter = everyone('a router may have legs in networks of other projects')
