// Who holds which role where.
import { flag, id, oneOf, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export type ActorType = 'user' | 'group'
export type TargetType = 'project' | 'domain' | 'system'

export const assignment = resource('role-assignment', {
  service: 'identity',
  plural: 'assignments',
  fields: {
    /** All of the other fields, so that one assignment is one row. */
    id: text({ max: 255 }),
    actorType: oneOf<ActorType>(['user', 'group']),
    actorId: id({ index: true }),
    targetType: oneOf<TargetType>(['project', 'domain', 'system']),
    /** `all` for the system. */
    targetId: id({ index: true }),
    roleId: id({ index: true }),
    /** Does it hold for the projects below the target instead of the target itself? */
    inherited: flag({ default: false }),
  },
})
export type Assignment = Row<typeof assignment>

export const assignmentKey = (parts: Omit<Assignment, 'id'>) =>
  [
    parts.actorType,
    parts.actorId,
    parts.targetType,
    parts.targetId,
    parts.roleId,
    parts.inherited ? 'inherited' : 'direct',
  ].join('/')
