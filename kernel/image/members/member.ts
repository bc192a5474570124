// A project with which an image is shared, and whether it wants it.
import { id, oneOf, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const memberStates = ['pending', 'accepted', 'rejected'] as const

export const member = resource('member', {
  service: 'image',
  plural: 'members',
  unique: [['imageId', 'memberId']],
  fields: {
    id: id(),
    imageId: id({ index: true }),
    memberId: id({ index: true }),
    status: oneOf(memberStates),
    createdAt: time(),
    updatedAt: time(),
  },
})
export type Member = Row<typeof member> & Record<string, unknown>

export const memberView = (row: Member) => ({
  member_id: row.memberId,
  image_id: row.imageId,
  status: row.status,
  created_at: `${row.createdAt.slice(0, 19)}Z`,
  updated_at: `${row.updatedAt.slice(0, 19)}Z`,
  schema: '/v2/schemas/member',
})
