// Groups of users, and who is in which.
import { id, maybe, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { extra } from '../extras/extra.ts'

export const group = resource('group', {
  service: 'identity',
  plural: 'groups',
  fields: {
    id: id({ readOnly: true }),
    name: text({ min: 1, max: 64, pattern: '\\S' }),
    domainId: id({ createOnly: true, index: true }),
    description: maybe(text({ max: 65_535 }), { default: '' }),
    extra: extra(),
  },
  unique: [['domainId', 'name']],
})
export type Group = Row<typeof group>

export const membership = resource('membership', {
  service: 'identity',
  plural: 'memberships',
  fields: {
    /** `GROUP/USER`. */
    id: text({ max: 140 }),
    groupId: id({ index: true }),
    userId: id({ index: true }),
  },
})

export const membershipKey = (groupId: string, userId: string) => `${groupId}/${userId}`
