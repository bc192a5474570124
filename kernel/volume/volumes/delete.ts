// DELETE /volumes/:id and os-force_delete: the snapshots where asked, the bytes, the row.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job, patient } from '../../../eden/jobs/job.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { attachment } from '../attachments/attachment.ts'
import type { VolumeContext } from '../context.ts'
import { askHost } from '../host/ask.ts'
import { leaveMessage } from '../messages/message.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { transfer } from '../transfers/transfer.ts'
import { patience, requireNoCopies } from './copies.ts'
import { allowedVolume, attachmentsOf, findVolume, requireStatus } from './find.ts'
import { volume } from './volume.ts'

const beyond = everyone('what belongs to the volume goes with it')

export const deleteVolumeJob = job<VolumeContext, { id: string }>('volume.delete', {
  supersedes: true,
  deadline: patience.deadline,
})
  .step('copies', {
    attempts: patience.attempts,
    do: async (_, { id }, __, { call }) => {
      const taken = await call.rows(snapshot).list({ where: { volumeId: id } })
      await requireNoCopies(call, { sourceVolid: id })
      if (taken.length > 0) await requireNoCopies(call, { snapshotId: taken.map((one) => one.id) })
    },
  })
  .step('remove', {
    awaits: patient,
    do: async (context, { id }, _, run) => {
      const row = await run.call.rows(volume).find(id)
      if (!row?.host) return
      for (const held of await attachmentsOf(run.call, id))
        await askHost(context, row.host, 'disconnect', { id, attachmentId: held.id })
      for (const taken of await run.call.rows(snapshot).list({ where: { volumeId: id } }))
        await askHost(context, row.host, 'removeSnapshot', { id: taken.id, volumeId: id })
      await askHost(context, row.host, 'remove', { id })
    },
  })
  .write('forget', {
    do: async (tx, { id }) => {
      await tx.rows(snapshot, beyond).removeAll({ volumeId: id })
      await tx.rows(attachment, beyond).removeAll({ volumeId: id })
      await tx.rows(transfer, beyond).removeAll({ volumeId: id })
      const row = await tx.rows(volume).find(id)
      if (row) await tx.rows(volume).remove(row)
    },
  })
  .failed(async (tx, { id }, failure, context) => {
    const row = await tx.rows(volume).find(id)
    if (!row) return
    await tx.rows(volume).update(row, { status: 'error_deleting' })
    const about = { resourceType: 'VOLUME', resourceId: id, projectId: row.projectId, action: 'delete volume' } as const
    await leaveMessage(tx, context, about, failure.message)
  })

const deletable = ['available', 'error', 'error_restoring', 'error_extending', 'error_deleting', 'error_managing']

export const deleteVolume: ServiceOperation<VolumeContext> = async (_, call, { params, query }) => {
  await allowedVolume(call, params.id!, 'volume:delete')
  const cascade = parseFlag(query.cascade ?? 'false') ?? false
  const force = parseFlag(query.force ?? 'false') ?? false
  if (force) call.require('volume:force_delete')
  await remove(call, params.id!, { cascade, force })
  return accepted()
}

/** @param force whatever its state, with all that hangs on it. */
export const remove = (call: Call, id: string, { cascade, force }: { cascade: boolean; force: boolean }) =>
  call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    if (!force) {
      requireStatus(row, deletable, 'be deleted')
      if ((await attachmentsOf(tx, id)).length > 0)
        throw badRequest(`Invalid volume: Volume ${id} is still attached; detach it first.`)
      const taken = await tx.rows(snapshot, beyond).list({ where: { volumeId: id } })
      if (taken.length > 0 && !cascade)
        throw badRequest(
          `Invalid volume: Volume ${id} still has ${taken.length} dependent snapshots; delete them first, or ask for cascade.`,
          { reason: { snapshots: taken.map((one) => one.id) } },
        )
      for (const one of taken) {
        if (!['available', 'error', 'error_deleting'].includes(one.status))
          throw badRequest(`Invalid volume: its snapshot ${one.id} is ${one.status}.`)
        await tx.rows(snapshot, beyond).update(one, { status: 'deleting' })
      }
    }
    await tx.rows(volume).update(row, { status: 'deleting' })
    await enqueue(tx, deleteVolumeJob, { id }, { resourceType: 'volume', resourceId: id, projectId: row.projectId })
  })
