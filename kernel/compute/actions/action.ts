// What was done to a server, by whom, and how it went. The change log has every detail; this is what Nova's clients show.
import { Type } from 'typebox'
import { id, json, maybe, text, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export interface ActionEvent {
  event: string
  start_time: string
  finish_time: string | null
  result: 'Success' | 'Error' | null
  traceback: string | null
  details?: string | null
}

export const serverAction = resource('instance-action', {
  service: 'compute',
  plural: 'instance-actions',
  owner: 'projectId',
  unlogged: true,
  fields: {
    id: id(),
    serverId: id({ wire: 'instance_uuid', index: true }),
    requestId: text(),
    action: text(),
    projectId: id(),
    userId: id(),
    host: maybe(text()),
    message: maybe(text({ max: 1000 })),
    events: json<ActionEvent[]>(Type.Unknown(), { default: () => [] }),
    startedAt: time({ wire: 'start_time' }),
    changedAt: time({ wire: 'updated_at' }),
  },
})
export type ServerAction = Row<typeof serverAction>
