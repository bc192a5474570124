// A port: a place on a network with a hardware address, for a guest, a router, a floating IP or the DHCP service.
import { Type } from 'typebox'
import { createdAt, flag, id, json, oneOf, revision, text, texts, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { inNetworkOf } from '../rbac/visible.ts'

export interface FixedIp {
  subnet_id: string
  ip_address: string
}

export interface AddressPair {
  ip_address: string
  mac_address?: string
}

export const portStates = ['ACTIVE', 'BUILD', 'DOWN', 'ERROR', 'N/A'] as const

export const owners = {
  dhcp: 'network:dhcp',
  interface: 'network:router_interface',
  gateway: 'network:router_gateway',
  floatingIp: 'network:floatingip',
} as const

export const fixedIpsAsked = Type.Array(
  Type.Object(
    { subnet_id: Type.Optional(Type.String()), ip_address: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
)
export const addressPairs = Type.Array(
  Type.Object(
    { ip_address: Type.String({ maxLength: 64 }), mac_address: Type.Optional(Type.String({ maxLength: 32 })) },
    { additionalProperties: false },
  ),
)

export const port = resource('port', {
  service: 'network',
  plural: 'ports',
  owner: 'projectId',
  alsoVisible: (where, call) => inNetworkOf(where, call, 'network_ports.network_id'),
  unique: [['networkId', 'macAddress']],
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    networkId: id({ createOnly: true }),
    name: text({ default: '' }),
    description: text({ default: '' }),
    adminStateUp: flag({ default: true }),
    status: oneOf(portStates, { readOnly: true, default: 'DOWN' }),
    macAddress: text({ max: 32, index: true }),
    fixedIps: json<FixedIp[]>(fixedIpsAsked, { readOnly: true }),
    deviceId: text({ default: '', index: true }),
    deviceOwner: text({ default: '' }),
    securityGroups: texts({ max: 64, readOnly: true }),
    portSecurityEnabled: flag({ default: true }),
    allowedAddressPairs: json<AddressPair[]>(addressPairs, { default: () => [] }),
    /** The host on which the port is plugged in; empty where it is not. */
    host: text({ wire: 'binding:host_id', default: '', index: true }),
    profile: json<Record<string, unknown>>(Type.Record(Type.String(), Type.Unknown()), {
      wire: 'binding:profile',
      default: () => ({}),
    }),
    vnicType: oneOf(['normal'], { wire: 'binding:vnic_type', default: 'normal' }),
    /** What DHCP calls the guest. */
    hostname: text({ hidden: true, default: '' }),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type Port = Row<typeof port>

export const everyPort = everyone('ports of a network, router or host belong to several projects')

/** Belongs to the network itself rather than to a guest. */
export const isNetworkDevice = (owner: string) => owner.startsWith('network:')
