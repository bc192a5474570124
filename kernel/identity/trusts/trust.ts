// A user lends roles in one project to another user.
import { Type } from 'typebox'
import { flag, id, integer, json, maybe, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const trust = resource('trust', {
  service: 'identity',
  plural: 'trusts',
  fields: {
    id: id({ readOnly: true }),
    trustorUserId: id({ index: true }),
    trusteeUserId: id({ index: true }),
    projectId: maybe(id()),
    impersonation: flag(),
    expiresAt: maybe(time()),
    remainingUses: maybe(integer({ min: 1 })),
    deletedAt: maybe(time({ readOnly: true })),
    roleIds: json<string[]>(Type.Unknown(), { hidden: true }),
  },
})
export type Trust = Row<typeof trust>
