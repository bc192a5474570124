// Unplugging a network card from a server: from the guest first, then its port, then the row.

import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { beginAction, endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import type { OnServer } from '../servers/delete.ts'
import { hostOf } from '../servers/find.ts'
import { foreignPorts, releaseThese } from '../servers/ports.ts'
import { type Server, server } from '../servers/server.ts'

const beyond = everyone('the job serves whoever asked for it')

type Detach = OnServer & { portId: string }
const event = 'compute_detach_interface'

export const detachInterfaceJob = job<ComputeContext, Detach>('server.detach_interface')
  .step('unplug', {
    do: async (context, { serverId, portId }, _, { call, signal }) => {
      const row = await call.rows(server).get(serverId)
      await context.hosts.get(hostOf(row)).ask('detachNic', { id: serverId, nicId: portId }, { signal })
      await releaseThese(context, call, [portId], foreignPorts(row))
    },
  })
  .write('settle', {
    do: async (tx, { serverId, portId, actionId }) => {
      const row = await tx.rows(server, beyond).get(serverId)
      await tx.rows(server, beyond).update(row, {
        nics: row.nics.filter((nic) => nic.portId !== portId),
        wantedNics: row.wantedNics.filter((nic) => nic.portId !== portId),
      })
      await endAction(tx, actionId, event)
    },
  })
  .failed((tx, { actionId }, failure) => endAction(tx, actionId, event, failure.message))

export async function enqueueDetach(tx: Transaction, row: Server, portId: string): Promise<void> {
  const actionId = await beginAction(tx, row, 'detach_interface')
  const about = { resourceType: 'server', resourceId: row.id, projectId: row.projectId }
  await enqueue(tx, detachInterfaceJob, { serverId: row.id, portId, actionId }, about)
}
