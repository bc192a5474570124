// The snapshot: a volume at one instant.
import type { Call } from '../../../eden/call.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { createdAt, id, integer, maybe, text, textMap, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { shownTime } from '../wire.ts'

export const snapshot = resource('snapshot', {
  service: 'volume',
  plural: 'snapshots',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    userId: id({ readOnly: true }),
    volumeId: id({ createOnly: true, index: true }),
    name: maybe(text()),
    description: maybe(text()),
    sizeGiB: integer({ wire: 'size' }),
    status: text({ readOnly: true }),
    progress: text({ readOnly: true, default: '0%', filter: false }),
    metadata: textMap(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Snapshot = Row<typeof snapshot> & Record<string, unknown>

export const snapshotView = (call: Call, row: Snapshot, { extended = true } = {}) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  volume_id: row.volumeId,
  status: row.status,
  size: row.sizeGiB,
  created_at: shownTime(row.createdAt),
  updated_at: shownTime(row.updatedAt),
  metadata: row.metadata,
  ...(call.version >= versionNumber('3.14') && { group_snapshot_id: null }),
  ...(call.version >= versionNumber('3.41') && { user_id: row.userId }),
  ...(call.version >= versionNumber('3.65') && { consumes_quota: true }),
  ...(extended && {
    'os-extended-snapshot-attributes:progress': row.progress,
    'os-extended-snapshot-attributes:project_id': row.projectId,
  }),
})
