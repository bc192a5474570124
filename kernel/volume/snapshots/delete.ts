// DELETE /snapshots/:id, os-force_delete, and their job.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job, patient } from '../../../eden/jobs/job.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { VolumeContext } from '../context.ts'
import { askHost } from '../host/ask.ts'
import { leaveMessage } from '../messages/message.ts'
import { patience, requireNoCopies } from '../volumes/copies.ts'
import { volume } from '../volumes/volume.ts'
import { allowedSnapshot, findSnapshot } from './find.ts'
import { snapshot } from './snapshot.ts'

interface DeleteSnapshot {
  id: string
  volumeId: string
  host: string | null
}

export const deleteSnapshotJob = job<VolumeContext, DeleteSnapshot>('snapshot.delete', {
  supersedes: true,
  deadline: patience.deadline,
})
  .step('copies', {
    attempts: patience.attempts,
    do: (_, { id }, __, { call }) => requireNoCopies(call, { snapshotId: id }),
  })
  .step('remove', {
    awaits: patient,
    do: async (context, { id, volumeId, host }) => {
      if (host) await askHost(context, host, 'removeSnapshot', { id, volumeId })
    },
  })
  .write('forget', {
    do: async (tx, { id }) => {
      const row = await tx.rows(snapshot).find(id)
      if (row) await tx.rows(snapshot).remove(row)
    },
  })
  .failed(async (tx, { id }, failure, context) => {
    const row = await tx.rows(snapshot).find(id)
    if (!row) return
    await tx.rows(snapshot).update(row, { status: 'error_deleting' })
    const about = {
      resourceType: 'VOLUME_SNAPSHOT',
      resourceId: id,
      projectId: row.projectId,
      action: 'delete snapshot',
    } as const
    await leaveMessage(tx, context, about, failure.message)
  })

export const deleteSnapshot: ServiceOperation<VolumeContext> = async (_, call, { params }) => {
  await allowedSnapshot(call, params.id!, 'volume:delete_snapshot')
  await removeSnapshot(call, params.id!, false)
  return accepted()
}

export const removeSnapshot = (call: Call, id: string, force: boolean) =>
  call.transaction(async (tx) => {
    const row = await findSnapshot(tx, id)
    if (!force && !['available', 'error', 'error_deleting'].includes(row.status))
      throw badRequest(
        `Invalid snapshot: Snapshot ${id} is ${row.status}; only available or error ones can be deleted.`,
      )
    const parent = await tx.rows(volume, everyone('the host is the volume’s')).find(row.volumeId)
    await tx.rows(snapshot).update(row, { status: 'deleting' })
    const input: DeleteSnapshot = { id, volumeId: row.volumeId, host: parent?.host ?? null }
    await enqueue(tx, deleteSnapshotJob, input, { resourceType: 'snapshot', resourceId: id, projectId: row.projectId })
  })
