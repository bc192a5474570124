// POST /snapshots and its job.
import { badRequest } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { VolumeContext } from '../context.ts'
import { askHost } from '../host/ask.ts'
import { leaveMessage } from '../messages/message.ts'
import { claim } from '../quotas/quota.ts'
import { findType } from '../types/choose.ts'
import { allowedVolume, findVolume, requireStatus } from '../volumes/find.ts'
import { flagFrom, metadataFrom, nameFrom, wrappedIn } from '../wire.ts'
import { type Snapshot, snapshot, snapshotView } from './snapshot.ts'

export interface SnapshotInput {
  id: string
  volumeId: string
  host: string
}

export const createSnapshotJob = job<VolumeContext, SnapshotInput>('snapshot.create')
  .step('take', {
    do: (context, { id, volumeId, host }) => askHost(context, host, 'createSnapshot', { id, volumeId }),
    undo: (context, { id, volumeId, host }) => askHost(context, host, 'removeSnapshot', { id, volumeId }),
  })
  .write('settle', { do: (tx, { id }) => tx.rows(snapshot).change(id, { status: 'available', progress: '100%' }) })
  .failed(async (tx, { id }, failure, context) => {
    const row = await tx.rows(snapshot).find(id)
    if (!row || row.status === 'deleting') return
    await tx.rows(snapshot).update(row, { status: 'error' })
    const about = {
      resourceType: 'VOLUME_SNAPSHOT',
      resourceId: id,
      projectId: row.projectId,
      action: 'create snapshot',
    } as const
    await leaveMessage(tx, context, about, failure.message)
  })

export const createSnapshot: ServiceOperation<VolumeContext> = async ({ config }, call, { body: whole }) => {
  const body = wrappedIn(whole, 'snapshot')
  if (body.volume_id === undefined) throw badRequest("Invalid input: 'volume_id' is a required property.")
  const isNew = call.version >= versionNumber('3.66')
  const force = body.force === undefined ? isNew : flagFrom(body.force, 'force')
  if (isNew && !force) throw badRequest("Invalid input: 'force' may only be true since 3.66.")
  const name = nameFrom(body.name ?? body.display_name)
  const description = nameFrom(body.description ?? body.display_description, 'description')
  const metadata = metadataFrom(body.metadata)
  const parent = await allowedVolume(call, String(body.volume_id), 'volume:create_snapshot')
  const id = call.ids.uuid()
  const row = await call.transaction(async (tx) => {
    const now = await findVolume(tx, parent.id)
    requireStatus(now, force ? ['available', 'in-use'] : ['available'], 'take a snapshot')
    const type = await findType(tx, now.volumeTypeId)
    await claim(tx, config, now.projectId, { snapshots: 1, gigabytes: now.sizeGiB }, type.name)
    const inserted = await tx.rows(snapshot).insert({
      id,
      projectId: now.projectId,
      userId: call.userId,
      volumeId: now.id,
      name,
      description,
      metadata,
      sizeGiB: now.sizeGiB,
      status: 'creating',
    })
    const input: SnapshotInput = { id, volumeId: now.id, host: now.host! }
    await enqueue(tx, createSnapshotJob, input, { resourceType: 'snapshot', resourceId: id, projectId: now.projectId })
    return inserted
  })
  return accepted({ snapshot: snapshotView(call, row as Snapshot, { extended: false }) })
}
