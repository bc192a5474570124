// A server group: its members stay together, or apart.
import { createdAt, id, integer, maybe, oneOf, text, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const groupPolicies = ['affinity', 'anti-affinity', 'soft-affinity', 'soft-anti-affinity'] as const

export const serverGroup = resource('server-group', {
  service: 'compute',
  plural: 'server-groups',
  owner: 'projectId',
  fields: {
    id: id(),
    projectId: id(),
    userId: id(),
    name: text(),
    policy: oneOf(groupPolicies),
    /** Members on one host at the most, for `anti-affinity`. */
    maxPerHost: maybe(integer()),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type ServerGroup = Row<typeof serverGroup>
