// Plugging a network card into a server: port → card → row. The request waits for it; a crash in between is the job's matter.
import type { Call } from '../../../eden/call.ts'
import { Problem, timedOut } from '../../../eden/errors.ts'
import { job } from '../../../eden/jobs/job.ts'
import { jobRecord } from '../../../eden/jobs/record.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import type { OnServer } from '../servers/delete.ts'
import { hostOf } from '../servers/find.ts'
import { nicSpec } from '../servers/guest.ts'
import { nicOf, type Port, plug, portsOf, releaseThese } from '../servers/ports.ts'
import { type Nic, type Server, server, type WantedNic } from '../servers/server.ts'

type Attach = OnServer & { wanted: WantedNic }

const beyond = everyone('the job serves whoever asked for it')
const event = 'compute_attach_interface'

/** Ports of the server that are no card of it: jobs of one server run one by one, so an earlier try of this one made them. */
async function strays(context: ComputeContext, call: Call, row: Server, { networkId }: WantedNic): Promise<Port[]> {
  const known = new Set([...row.nics.map(({ portId }) => portId), ...row.wantedNics.map(({ portId }) => portId)])
  return (await portsOf(context, call, row.id)).filter(
    ({ id, network_id }) => network_id === networkId && !known.has(id),
  )
}

export const attachInterfaceJob = job<ComputeContext, Attach>('server.attach_interface')
  .step('port', {
    do: async (context, { serverId, wanted }, _, { call }) => {
      if (wanted.portId !== undefined) return wanted.portId
      const row = await call.rows(server).get(serverId)
      const [made] = await strays(context, call, row, wanted)
      return (made ?? (await makePort(context, call, row, wanted))).id
    },
    undo: async (context, { serverId, wanted }, _, { call }) => {
      const row = await call.rows(server).find(serverId)
      if (!row) return
      const left = (await strays(context, call, row, wanted)).map(({ id }) => id)
      await releaseThese(context, call, left, new Set(wanted.portId === undefined ? [] : [wanted.portId]))
    },
  })
  .step('card', {
    do: async (context, { serverId, wanted }, done, { call, signal }) => {
      const row = await call.rows(server).get(serverId)
      const [plugged] = await plug(context, call, row, [done.port])
      const nic = nicOf(plugged!, wanted)
      await context.hosts.get(hostOf(row)).ask('attachNic', { id: serverId, nic: nicSpec(nic) }, { signal })
      return nic
    },
    undo: async ({ hosts }, { serverId }, done, { call }) => {
      const row = await call.rows(server).find(serverId)
      if (row?.host && done.port !== undefined)
        await hosts.get(row.host).ask('detachNic', { id: serverId, nicId: done.port })
    },
  })
  .write('settle', {
    do: async (tx, { serverId, actionId }, done) => {
      const row = await tx.rows(server, beyond).get(serverId)
      await tx.rows(server, beyond).update(row, { nics: [...row.nics, done.card] })
      await endAction(tx, actionId, event)
    },
  })
  .failed(async (tx, { serverId, actionId }, failure) => {
    const row = await tx.rows(server, beyond).find(serverId)
    // Written although nothing changes: whoever waits for the job hears of it.
    if (row) await tx.rows(server, beyond).update(row, { nics: row.nics })
    await endAction(tx, actionId, event, failure.message)
  })

export async function makePort({ network }: ComputeContext, call: Call, row: Server, wanted: WantedNic): Promise<Port> {
  const { body } = await network.ask<{ port: Port }>(call, 'POST', '/v2.0/ports', {
    body: {
      port: {
        network_id: wanted.networkId,
        admin_state_up: true,
        device_id: row.id,
        device_owner: `compute:${row.zone ?? 'nova'}`,
        ...(row.projectId !== call.credentials.projectId && { tenant_id: row.projectId }),
        ...(wanted.fixedIp && { fixed_ips: [{ ip_address: wanted.fixedIp }] }),
      },
    },
  })
  return body.port
}

/**
 * The card once the job has plugged it in.
 * @throws what the job failed with; 504 where the request's own time is up first, and the job goes on.
 */
export async function attached(call: Call, serverId: string, jobId: string): Promise<Nic> {
  const { store, clock } = call.ground
  for (;;) {
    const next = Promise.withResolvers<void>()
    // Listening begins before the look, so that nothing falls between them.
    const stop = store.onCommit((changes) => {
      if (changes.length === 0 || changes.some(({ resourceId }) => resourceId === serverId)) next.resolve()
    })
    const cancel = clock.after(Math.max(1, Math.min(1000, call.deadline - clock.now())), next.resolve)
    try {
      const row = await call.rows(jobRecord, beyond).get(jobId)
      if (!row.active && row.state === 'succeeded') return row.done.card!.result as Nic
      if (!row.active) throw new Problem(row.failure!.status, row.failure!.kind, row.failure!.message)
      if (clock.now() >= call.deadline) throw timedOut(`The interface of server ${serverId} is still being attached.`)
      await next.promise
    } finally {
      stop()
      cancel()
    }
  }
}
