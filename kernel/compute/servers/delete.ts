// DELETE /servers/:id works at any time: it supersedes whatever else is being done to the server.
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job, patient } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { beginAction, endAction } from '../actions/record.ts'
import { consoleToken } from '../consoles/token.ts'
import type { ComputeContext } from '../context.ts'
import { releaseDevices } from '../volumes/attachments.ts'
import { blockDevice } from '../volumes/block-device.ts'
import { faultOf } from './create-job.ts'
import { checkLock, getServer } from './find.ts'
import { releasePorts } from './ports.ts'
import { deletedServer, type Server, server } from './server.ts'

export interface OnServer {
  serverId: string
  actionId: string
}

const beyond = everyone('the job serves whoever asked for the deletion')
const event = 'compute_terminate_instance'

export const deleteServerJob = job<ComputeContext, OnServer>('server.delete', { supersedes: true })
  .step('guest', {
    awaits: patient,
    do: async ({ hosts, known }, { serverId }, _, { call }) => {
      const row = await call.rows(server).find(serverId)
      if (!row?.host) return
      const host = (await known.rows()).find(({ name }) => name === row.host)
      // A host that is down is cleared by the reconciler when it comes back.
      if (host && known.isUp(host)) await hosts.get(row.host).ask('destroy', { id: serverId })
    },
  })
  .step('devices', {
    awaits: patient,
    do: async (context, { serverId }, _, { call }) => {
      const row = await call.rows(server).find(serverId)
      if (!row) return
      if (row.wantedNics.length + row.nics.length > 0) await releasePorts(context, call, row)
      await releaseDevices(context, call, row, 'wished')
    },
  })
  .write('forget', {
    do: async (tx, { serverId, actionId }) => {
      const row = await tx.rows(server, beyond).find(serverId)
      if (!row) return
      await tx.rows(blockDevice, beyond).removeAll({ serverId })
      await tx.rows(consoleToken, beyond).removeAll({ serverId })
      await tx.rows(server, beyond).remove(row)
      await tx
        .rows(deletedServer, beyond)
        .insert({ ...row, task: null, power: 0, deletedAt: isoTime(tx.store.clock.now()) })
      await endAction(tx, actionId, event)
    },
  })
  .failed(async (tx, { serverId, actionId }, failure) => {
    const row = await tx.rows(server, beyond).find(serverId)
    if (!row) return
    await tx.rows(server, beyond).update(row, { state: 'error', task: null, fault: faultOf(tx, failure) })
    await endAction(tx, actionId, event, failure.message)
  })

export async function deleteServer(_: ComputeContext, call: Call, { params }: Input) {
  await beginDelete(call, params.id!, 'os_compute_api:servers:delete')
  return noContent()
}

export async function beginDelete(call: Call, id: string, rule: string): Promise<void> {
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, id, rule)
    checkLock(call, row)
    if (row.task === 'deleting') return
    await enqueueDelete(tx, row)
  })
}

async function enqueueDelete(tx: Transaction, row: Server): Promise<void> {
  await tx.rows(server).update(row, { task: 'deleting' })
  const actionId = await beginAction(tx, row, 'delete')
  await enqueue(
    tx,
    deleteServerJob,
    { serverId: row.id, actionId },
    { resourceType: 'server', resourceId: row.id, projectId: row.projectId },
  )
}
