// A network: its fields, who sees it, and what belongs to it.
import {
  createdAt,
  flag,
  id,
  integer,
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

export const networkTypes = ['vxlan', 'flat'] as const

export const network = resource('network', {
  service: 'network',
  plural: 'networks',
  owner: 'projectId',
  alsoVisible: (where, call) =>
    grantedTo(where, call, 'network_networks.id', ['access_as_shared', 'access_as_external']),
  indexes: [['networkType', 'segmentationId']],
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    name: text({ default: '' }),
    description: text({ default: '' }),
    adminStateUp: flag({ default: true }),
    status: oneOf(['ACTIVE', 'BUILD', 'DOWN', 'ERROR'], { readOnly: true, default: 'ACTIVE' }),
    mtu: integer({ min: 0, max: 65535 }),
    portSecurityEnabled: flag({ default: true }),
    isExternal: flag({ wire: 'router:external', default: false }),
    networkType: oneOf(networkTypes, { wire: 'provider:network_type', createOnly: true }),
    physicalNetwork: maybe(text({ wire: 'provider:physical_network', createOnly: true })),
    segmentationId: maybe(integer({ wire: 'provider:segmentation_id', createOnly: true })),
    availabilityZoneHints: texts({ createOnly: true }),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type Network = Row<typeof network>

export const everyNetwork = everyone('numbers and links of networks hold over all projects')
