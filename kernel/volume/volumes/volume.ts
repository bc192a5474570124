// The volume: its row, its states and the form in which clients see it.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { createdAt, flag, id, integer, json, maybe, text, textMap, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import type { Attachment } from '../attachments/attachment.ts'
import { linksOf, shownTime } from '../wire.ts'

export const volumeStates = [
  ...(['creating', 'available', 'reserved', 'attaching', 'detaching', 'in-use', 'maintenance', 'deleting'] as const),
  ...(['awaiting-transfer', 'error', 'error_deleting', 'error_extending', 'extending', 'uploading'] as const),
  ...(['downloading', 'retyping', 'backing-up', 'restoring-backup', 'error_backing-up', 'error_restoring'] as const),
  ...(['error_managing', 'managing'] as const),
] as const
export type VolumeState = (typeof volumeStates)[number]

export const volume = resource('volume', {
  service: 'volume',
  plural: 'volumes',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    userId: id({ readOnly: true }),
    name: maybe(text()),
    description: maybe(text()),
    sizeGiB: integer({ wire: 'size', min: 1 }),
    /** An operator may set a state that is none of ours, so it is text. */
    status: text({ readOnly: true, index: true }),
    availabilityZone: text(),
    volumeTypeId: id({ readOnly: true, index: true }),
    bootable: flag({ default: false }),
    multiattach: flag({ default: false }),
    readOnly: flag({ default: false, hidden: true }),
    snapshotId: maybe(id({ createOnly: true })),
    sourceVolid: maybe(id({ createOnly: true })),
    imageMetadata: maybe(json<Record<string, string>>(Type.Unknown())),
    metadata: textMap(),
    /** Where the bytes are; null until placed. */
    host: maybe(text(), { filter: false }),
    /** What `host` calls the driver that holds them. */
    backend: text({ default: '', hidden: true }),
    migrationStatus: maybe(text(), { readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Volume = Row<typeof volume> & Record<string, unknown>

/** `host@backend#pool`, the form in which Cinder's clients know pools. */
export const poolName = (host: string, backend: string) => `${host}@${backend}#${backend}`

const since = (call: Call, version: string) => call.version >= versionNumber(version)

/** What the reply needs besides the row. */
export interface Around {
  typeName: string | null
  attachments: Attachment[]
}

/** @param brief the form of replies to creation and change, which say nothing of what extensions add. */
export function volumeView(
  call: Call,
  row: Volume,
  { typeName, attachments }: Around,
  { brief = false } = {},
): Record<string, unknown> {
  const isAdmin = call.sees === 'all' && !brief
  return {
    id: row.id,
    status: row.status,
    size: row.sizeGiB,
    availability_zone: row.availabilityZone,
    created_at: shownTime(row.createdAt),
    updated_at: shownTime(row.updatedAt),
    name: row.name,
    description: row.description,
    volume_type: typeName,
    snapshot_id: row.snapshotId,
    source_volid: row.sourceVolid,
    metadata: row.metadata,
    links: linksOf(call, 'volumes', row.id),
    user_id: row.userId,
    bootable: String(row.bootable),
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: row.multiattach,
    attachments: attachments.filter(({ attachStatus }) => attachStatus === 'attached').map(attachedView),
    migration_status: row.migrationStatus,
    ...(!brief && {
      ...(row.imageMetadata && { volume_image_metadata: row.imageMetadata }),
      'os-vol-tenant-attr:tenant_id': row.projectId,
    }),
    ...(isAdmin && {
      'os-vol-host-attr:host': row.host && poolName(row.host, row.backend),
      'os-vol-mig-status-attr:migstat': row.migrationStatus,
      'os-vol-mig-status-attr:name_id': null,
    }),
    ...(since(call, '3.13') && { group_id: null }),
    ...(since(call, '3.21') && isAdmin && { provider_id: null }),
    ...(since(call, '3.48') && { shared_targets: since(call, '3.69') ? null : false, service_uuid: null }),
    ...(since(call, '3.61') && isAdmin && { cluster_name: null }),
    ...(since(call, '3.63') && { volume_type_id: row.volumeTypeId }),
    ...(since(call, '3.65') && { consumes_quota: true }),
  }
}

const attachedView = (row: Attachment) => ({
  id: row.volumeId,
  attachment_id: row.id,
  volume_id: row.volumeId,
  server_id: row.instanceId,
  host_name: row.attachedHost,
  device: row.mountpoint,
  attached_at: shownTime(row.attachedAt),
})
