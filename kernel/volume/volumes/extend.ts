// os-extend: a larger volume, in use or not.
import { type Call, cloudCredentials } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import type { VolumeContext } from '../context.ts'
import { askHost } from '../host/ask.ts'
import { leaveMessage } from '../messages/message.ts'
import { claim } from '../quotas/quota.ts'
import { findType } from '../types/choose.ts'
import { sizeFrom } from '../wire.ts'
import type { Action } from './actions.ts'
import { attachmentsOf, findVolume, requireStatus, statusBy } from './find.ts'
import { volume } from './volume.ts'

interface ExtendVolume {
  id: string
  sizeGiB: number
  before: number
}

export const extendVolumeJob = job<VolumeContext, ExtendVolume>('volume.extend')
  .step('grow', {
    do: async (context, { id, sizeGiB }, _, run) => {
      const row = await run.call.rows(volume).get(id)
      await askHost(context, row.host!, 'extend', { id, sizeGiB })
    },
  })
  .write('settle', {
    do: async (tx, { id, sizeGiB }) => {
      await tx.rows(volume).change(id, { sizeGiB, status: statusBy(await attachmentsOf(tx, id)) })
    },
  })
  .step('tell', { do: (context, { id }, _, run) => tellServers(context, run.call, id) })
  .failed(async (tx, { id, before }, failure, context) => {
    const row = await tx.rows(volume).find(id)
    if (!row || row.status === 'deleting') return
    // A disk never shrinks, so what grew a part stays as it is; the row keeps the size that is promised.
    await tx.rows(volume).update(row, { status: 'error_extending', sizeGiB: before })
    const about = { resourceType: 'VOLUME', resourceId: id, projectId: row.projectId, action: 'extend volume' } as const
    await leaveMessage(tx, context, about, failure.message)
  })

/** News for compute, whose guests see the new size when they are told. The volume has grown whether it hears or not. */
async function tellServers({ compute }: VolumeContext, call: Call, id: string): Promise<void> {
  const servers = (await attachmentsOf(call, id)).flatMap(({ attachStatus, instanceId }) =>
    attachStatus === 'attached' && instanceId !== null ? [instanceId] : [],
  )
  if (servers.length === 0) return
  const events = servers.map((server_uuid) => ({ name: 'volume-extended', server_uuid, tag: id }))
  const asCloud = call.within('volume', { credentials: cloudCredentials })
  try {
    await compute.ask(asCloud, 'POST', '/v2.1/os-server-external-events', {
      body: { events },
      headers: { 'openstack-api-version': 'compute 2.51' },
    })
  } catch (error) {
    call.log.warn({ err: error, volume: id, servers }, 'compute did not hear that a volume has grown')
  }
}

export const extendVolume: Action = async ({ config }, call, seen, body) => {
  const sizeGiB = sizeFrom((body as { new_size?: unknown } | null)?.new_size, 'new_size')
  const states = call.version >= versionNumber('3.42') ? ['available', 'in-use'] : ['available']
  if (seen.status === 'in-use') call.require('volume:extend_attached_volume', { project_id: seen.projectId })
  await call.transaction(async (tx) => {
    const row = await findVolume(tx, seen.id)
    requireStatus(row, states, 'be extended')
    if (sizeGiB <= row.sizeGiB)
      throw badRequest(
        `New size for extend must be greater than current size (current: ${row.sizeGiB}, extended: ${sizeGiB}).`,
      )
    const type = await findType(tx, row.volumeTypeId)
    await claim(tx, config, row.projectId, { gigabytes: sizeGiB - row.sizeGiB }, type.name, sizeGiB)
    // The new size counts at once, so that a second request cannot take the same room.
    await tx.rows(volume).update(row, { status: 'extending', sizeGiB })
    const input = { id: row.id, sizeGiB, before: row.sizeGiB }
    await enqueue(tx, extendVolumeJob, input, { resourceType: 'volume', resourceId: row.id, projectId: row.projectId })
  })
}
