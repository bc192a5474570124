// Roles, and which role includes which other.
import { id, maybe, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { extra, options } from '../extras/extra.ts'

export const role = resource('role', {
  service: 'identity',
  plural: 'roles',
  fields: {
    id: id({ readOnly: true }),
    name: text({ min: 1, max: 255, pattern: '\\S' }),
    /** Null for roles of the whole cloud. A domain's own role counts only through the roles that it implies. */
    domainId: maybe(id({ createOnly: true })),
    description: maybe(text({ max: 65_535 })),
    options: options(),
    extra: extra(),
  },
  indexes: [['name']],
})
export type Role = Row<typeof role>

export const implication = resource('implied-role', {
  service: 'identity',
  plural: 'implied-roles',
  fields: {
    /** `PRIOR/IMPLIED`. */
    id: text({ max: 140 }),
    priorRoleId: id({ index: true }),
    impliedRoleId: id({ index: true }),
  },
})
export type Implication = Row<typeof implication>

export const implicationKey = (priorRoleId: string, impliedRoleId: string) => `${priorRoleId}/${impliedRoleId}`
