// The bond between a volume and a server: asked for, being connected, in place.
import { Type } from 'typebox'
import { createdAt, id, json, maybe, oneOf, text, time, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import type { VolumeConnection } from '../driver.ts'
import { shownTime } from '../wire.ts'

export const attachStates = [
  'reserved',
  'attaching',
  'attached',
  'detaching',
  'error_attaching',
  'error_detaching',
] as const

export const attachment = resource('attachment', {
  service: 'volume',
  plural: 'attachments',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    volumeId: id({ index: true }),
    instanceId: maybe(id(), { index: true }),
    attachStatus: oneOf(attachStates, { wire: 'status' }),
    attachMode: oneOf(['rw', 'ro']),
    attachedHost: maybe(text()),
    mountpoint: maybe(text()),
    connector: maybe(json<Record<string, unknown>>(Type.Unknown())),
    /** As the volume's host gave it. */
    connection: maybe(json<VolumeConnection>(Type.Unknown()), { secret: true }),
    attachedAt: maybe(time()),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Attachment = Row<typeof attachment> & Record<string, unknown>

export const connectionInfo = (row: Attachment) =>
  row.connection ? { driver_volume_type: row.connection.kind, data: row.connection, access_mode: row.attachMode } : {}

export const attachmentView = (row: Attachment) => ({
  id: row.id,
  status: row.attachStatus,
  instance: row.instanceId,
  volume_id: row.volumeId,
  attached_at: shownTime(row.attachedAt) ?? '',
  detached_at: '',
  attach_mode: row.attachMode,
  connection_info: connectionInfo(row),
})
