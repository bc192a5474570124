// A floating IP: an external address that its owner can point at any of their ports behind a router.
import { createdAt, id, maybe, oneOf, revision, text, texts, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'

export const floatingIp = resource('floatingip', {
  service: 'network',
  plural: 'floatingips',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    description: text({ default: '' }),
    floatingNetworkId: id({ createOnly: true }),
    floatingIpAddress: text({ createOnly: true, max: 64, index: true }),
    /** Its own port in the external network. */
    floatingPortId: id({ hidden: true }),
    portId: maybe(id({ index: true })),
    fixedIpAddress: maybe(text({ max: 64 })),
    routerId: maybe(id({ readOnly: true, index: true })),
    status: oneOf(['ACTIVE', 'DOWN', 'ERROR'], { readOnly: true, default: 'DOWN' }),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type FloatingIp = Row<typeof floatingIp>

export const everyFloatingIp = everyone('floating IPs of a router or port may belong to other projects')
