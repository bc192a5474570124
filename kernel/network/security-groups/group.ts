// A security group and its rules: what may reach the ports that are in it, and what they may reach.
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

export const securityGroup = resource('security-group', {
  service: 'network',
  plural: 'security-groups',
  owner: 'projectId',
  alsoVisible: (where, call) => grantedTo(where, call, 'network_security_groups.id', ['access_as_shared']),
  indexes: [['projectId', 'name']],
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    name: text({ default: '' }),
    description: text({ default: '' }),
    stateful: flag({ readOnly: true, default: true }),
    tags: texts({ readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type SecurityGroup = Row<typeof securityGroup>

export const securityGroupRule = resource('security-group-rule', {
  service: 'network',
  plural: 'security-group-rules',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    securityGroupId: id({ index: true }),
    direction: oneOf(['ingress', 'egress']),
    ethertype: oneOf(['IPv4', 'IPv6'], { default: 'IPv4' }),
    protocol: maybe(text()),
    portRangeMin: maybe(integer()),
    portRangeMax: maybe(integer()),
    remoteIpPrefix: maybe(text({ max: 64 })),
    remoteGroupId: maybe(id({ index: true })),
    description: text({ default: '' }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    revisionNumber: revision(),
  },
})
export type SecurityGroupRule = Row<typeof securityGroupRule>

export const everyGroup = everyone('groups may be referred to by rules and ports of other projects')
