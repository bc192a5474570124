// Credentials for programs: a part of a user's roles in one project, without the user's password.
import { Type } from 'typebox'
import { flag, id, json, maybe, text, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const applicationCredential = resource('application-credential', {
  service: 'identity',
  plural: 'application-credentials',
  fields: {
    id: id({ readOnly: true }),
    userId: id({ readOnly: true, index: true }),
    projectId: id({ readOnly: true, index: true }),
    name: text({ min: 1, max: 255 }),
    description: maybe(text({ max: 65_535 })),
    /** The secret itself is shown once, when it is made. */
    secretHash: text({ max: 512, readOnly: true, secret: true }),
    roleIds: json<string[]>(Type.Unknown(), { readOnly: true }),
    accessRuleIds: maybe(json<string[]>(Type.Unknown(), { readOnly: true })),
    expiresAt: maybe(time()),
    unrestricted: flag({ default: false }),
  },
  unique: [['userId', 'name']],
})
export type ApplicationCredential = Row<typeof applicationCredential>

export const accessRule = resource('access-rule', {
  service: 'identity',
  plural: 'access-rules',
  fields: {
    id: id({ readOnly: true }),
    userId: id({ readOnly: true, index: true }),
    service: text({ min: 1, max: 255 }),
    path: text({ min: 1, max: 255, pattern: '^/' }),
    method: text({ pattern: '^(POST|GET|HEAD|PATCH|PUT|DELETE)$' }),
  },
})
export type AccessRule = Row<typeof accessRule>
