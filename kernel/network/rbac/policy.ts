// Who besides the owner may use a network: one row for each project that was let in, or for all of them.
import { createdAt, id, oneOf, revision, text, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'

export const sharedTypes = ['network', 'security_group', 'subnetpool'] as const
export const accessActions = ['access_as_shared', 'access_as_external'] as const

export const rbacPolicy = resource('rbac-policy', {
  service: 'network',
  plural: 'rbac-policies',
  owner: 'projectId',
  unique: [['objectId', 'action', 'target']],
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    objectType: oneOf(sharedTypes, { createOnly: true }),
    objectId: id({ createOnly: true }),
    action: oneOf(accessActions, { createOnly: true }),
    /** A project's id, or `*` for all. */
    target: text({ wire: 'target_tenant' }),
    createdAt: createdAt({ hidden: true }),
    updatedAt: updatedAt({ hidden: true }),
    revisionNumber: revision({ hidden: true }),
  },
})
export type RbacPolicy = Row<typeof rbacPolicy>

export const everyPolicy = everyone('what is shared was shared by others')
