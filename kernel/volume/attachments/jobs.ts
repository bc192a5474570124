// The jobs that connect and disconnect; they own the states `attaching` and `detaching`, so that none of them stays.
import { job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { VolumeContext } from '../context.ts'
import { askHost } from '../host/ask.ts'
import { settleByAttachments } from '../volumes/find.ts'
import { volume } from '../volumes/volume.ts'
import { attachment } from './attachment.ts'

interface About {
  id: string
  volumeId: string
}

const beyond = everyone('the job acts for the one who asked')

export const connectJob = job<VolumeContext, About>('attachment.connect', { deadline: '5m' })
  .step('connect', {
    within: '1m',
    do: async (context, { id, volumeId }, _, run) => {
      const { host, readOnly } = await run.call.rows(volume).get(volumeId)
      const { attachMode } = await run.call.rows(attachment).get(id)
      const input = { id: volumeId, attachmentId: id, readOnly: readOnly || attachMode === 'ro' }
      return askHost(context, host!, 'connect', input, { signal: run.signal })
    },
    undo: async (context, { id, volumeId }, _, run) => {
      const row = await run.call.rows(volume).find(volumeId)
      if (row?.host) await askHost(context, row.host, 'disconnect', { id: volumeId, attachmentId: id })
    },
  })
  .write('note', { do: (tx, { id }, done) => tx.rows(attachment).change(id, { connection: done.connect }) })
  .failed(async (tx, { id, volumeId }) => {
    const row = await tx.rows(attachment, beyond).find(id)
    if (row) await tx.rows(attachment, beyond).update(row, { attachStatus: 'error_attaching', connection: null })
    await settleByAttachments(tx, volumeId)
  })

export const disconnectJob = job<VolumeContext, About>('attachment.disconnect', { deadline: '10m', supersedes: true })
  .step('disconnect', {
    within: '1m',
    do: async (context, { id, volumeId }, _, run) => {
      const row = await run.call.rows(volume).find(volumeId)
      if (row?.host) await askHost(context, row.host, 'disconnect', { id: volumeId, attachmentId: id })
    },
  })
  .write('forget', {
    do: async (tx, { id, volumeId }) => {
      const row = await tx.rows(attachment).find(id)
      if (row) await tx.rows(attachment).remove(row)
      await settleByAttachments(tx, volumeId)
    },
  })
  .failed(async (tx, { id, volumeId }) => {
    const row = await tx.rows(attachment, beyond).find(id)
    if (row) await tx.rows(attachment, beyond).update(row, { attachStatus: 'error_detaching' })
    await settleByAttachments(tx, volumeId)
  })
