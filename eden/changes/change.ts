// One record of the change log: what became of a resource, when, and at whose request.

import { Type } from 'typebox'
import { integer, json, maybe, oneOf, text, time } from '../resource/fields.ts'
import { type Row, resource } from '../resource/resource.ts'

export const changeActions = ['create', 'update', 'delete'] as const
export type ChangeAction = (typeof changeActions)[number]

/** `seq` is one sequence for the whole cloud; it grows in the order of the commits. */
export const change = resource('change', {
  service: 'eden',
  plural: 'changes',
  key: 'seq',
  unlogged: true,
  indexes: [
    ['type', 'resourceId', 'seq'],
    ['projectId', 'seq'],
  ],
  fields: {
    seq: integer({ readOnly: true }),
    at: time(),
    requestId: maybe(text()),
    userId: maybe(text()),
    /** Project of the actor. */
    actorProjectId: maybe(text()),
    /** Project that owns the resource. */
    projectId: maybe(text()),
    service: text(),
    type: text(),
    resourceId: text({ max: 1024 }),
    action: oneOf(changeActions),
    before: maybe(json<Record<string, unknown>>(Type.Unknown())),
    after: maybe(json<Record<string, unknown>>(Type.Unknown())),
  },
})
export type Change = Row<typeof change>
