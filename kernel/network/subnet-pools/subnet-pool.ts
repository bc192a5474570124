// A subnet pool: blocks of addresses from which subnets take theirs without choosing.
import { createdAt, flag, id, integer, maybe, revision, text, texts, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { grantedTo } from '../rbac/visible.ts'

export const subnetPool = resource('subnetpool', {
  service: 'network',
  plural: 'subnetpools',
  owner: 'projectId',
  alsoVisible: (where, call) => grantedTo(where, call, 'network_subnetpools.id', ['access_as_shared']),
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    name: text(),
    description: text({ default: '' }),
    prefixes: texts({ max: 64 }),
    ipVersion: integer({ readOnly: true }),
    defaultPrefixlen: integer({ min: 0, max: 128 }),
    minPrefixlen: integer({ min: 0, max: 128 }),
    maxPrefixlen: integer({ min: 0, max: 128 }),
    defaultQuota: maybe(integer({ min: 0 })),
    isDefault: flag({ default: false }),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type SubnetPool = Row<typeof subnetPool>
