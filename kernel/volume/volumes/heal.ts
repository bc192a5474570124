// Reconcilers of volumes: states that nobody owns any more, and the difference between rows and what hosts have.
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { messageOf } from '../../../eden/errors.ts'
import { reconciler } from '../../../eden/jobs/reconciler.ts'
import { jobRecord } from '../../../eden/jobs/record.ts'
import { lessThan } from '../../../eden/store/where.ts'
import { attachment } from '../attachments/attachment.ts'
import type { VolumeContext } from '../context.ts'
import type { ObservedVolumes } from '../driver.ts'
import { askHost } from '../host/ask.ts'
import { leaveMessage, message } from '../messages/message.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { settleByAttachments } from './find.ts'
import { type Volume, volume } from './volume.ts'

/** In-between states and where they end without the job that owns them. */
const withoutJob: Record<string, string> = {
  creating: 'error',
  downloading: 'error',
  deleting: 'error_deleting',
  extending: 'error_extending',
  uploading: 'available',
}

const isActive = async (call: Call, resourceId: string) =>
  (await call.rows(jobRecord).count({ resourceId, active: true })) > 0

export const healStates = reconciler<VolumeContext>('volume.states', {
  every: '1m',
  run: async (context, call) => {
    const repaired: string[] = []
    const old = isoTime(context.clock.now() - context.config.abandonedAfter)
    const between = [...Object.keys(withoutJob), 'attaching', 'detaching']
    for (const row of (await call.rows(volume).list({ where: { status: between } })) as Volume[]) {
      if (await isActive(call, row.id)) continue
      const end = withoutJob[row.status]
      // A state that an operator set by hand, or a client on the old way of attaching: it has its time.
      if ((row.updatedAt ?? row.createdAt) > old) continue
      if (await settle(call, row, end)) repaired.push(`volume ${row.id} was ${row.status} and nobody worked on it`)
    }
    for (const row of await call.rows(snapshot).list({ where: { status: ['creating', 'deleting'] } })) {
      if ((row.updatedAt ?? row.createdAt) > old || (await isActive(call, row.id))) continue
      const status = row.status === 'creating' ? 'error' : 'error_deleting'
      await call.transaction((tx) => tx.rows(snapshot).change(row.id, { status }))
      repaired.push(`snapshot ${row.id} was ${row.status} and nobody worked on it`)
    }
    for (const row of await call.rows(attachment).list({ where: { attachStatus: ['attaching', 'detaching'] } })) {
      if ((row.updatedAt ?? row.createdAt) > old || (await isActive(call, row.id))) continue
      const attachStatus = row.attachStatus === 'attaching' ? 'error_attaching' : 'error_detaching'
      await call.transaction(async (tx) => {
        await tx.rows(attachment).change(row.id, { attachStatus })
        await settleByAttachments(tx, row.volumeId)
      })
      repaired.push(`attachment ${row.id} was ${row.attachStatus} and nobody worked on it`)
    }
    await call.transaction((tx) =>
      tx.rows(message).removeAll({ guaranteedUntil: lessThan(isoTime(context.clock.now())) as never }),
    )
    return repaired
  },
})

const settle = (call: Call, row: Volume, end: string | undefined) =>
  call.transaction(async (tx) => {
    const now = await tx.rows(volume).find(row.id)
    if (now?.status !== row.status || now.updatedAt !== row.updatedAt) return false
    if (end) await tx.rows(volume).update(now, { status: end })
    else await settleByAttachments(tx, row.id)
    return true
  })

export const healObserved = reconciler<VolumeContext>('volume.observed', {
  every: '5m',
  run: async (context, call) => {
    const repaired: string[] = []
    for (const host of context.hosts.names()) {
      if (!context.hosts.get(host).isUp) continue
      let seen: ObservedVolumes
      // Hosts first, rows after: a row is there before its bytes are.
      try {
        seen = await askHost(context, host, 'observe', {})
      } catch (error) {
        call.log.warn({ host, err: messageOf(error) }, 'a volume host could not say what it has')
        continue
      }
      repaired.push(...(await removeStrays(context, call, host, seen)), ...(await missLost(context, call, host, seen)))
    }
    return repaired
  },
})

async function removeStrays(
  context: VolumeContext,
  call: Call,
  host: string,
  seen: ObservedVolumes,
): Promise<string[]> {
  const repaired: string[] = []
  for (const { id, volumeId } of seen.snapshots) {
    const row = await call.rows(snapshot).find(id)
    if (row || (await isActive(call, id)) || (await isActive(call, volumeId))) continue
    await askHost(context, host, 'removeSnapshot', { id, volumeId })
    repaired.push(`snapshot ${id} on ${host} belonged to nobody: removed`)
  }
  for (const id of seen.volumes) {
    const row = await call.rows(volume).find(id)
    // A volume whose making failed is nowhere, whatever an interrupted undo left.
    const isMine = row && (row.host === host || row.status !== 'error' || row.host !== null)
    if (isMine || (await isActive(call, id))) continue
    await askHost(context, host, 'remove', { id })
    repaired.push(`volume ${id} on ${host} belonged to nobody: removed`)
  }
  return repaired
}

/** Rows that promise bytes which their host no longer has. */
async function missLost(context: VolumeContext, call: Call, host: string, seen: ObservedVolumes): Promise<string[]> {
  const repaired: string[] = []
  const present = new Set(seen.volumes)
  for (const row of await call.rows(volume).list({ where: { host, status: ['available', 'in-use', 'reserved'] } })) {
    if (present.has(row.id) || (await isActive(call, row.id))) continue
    await call.transaction(async (tx) => {
      const now = await tx.rows(volume).find(row.id)
      if (!now || now.status !== row.status) return
      await tx.rows(volume).update(now, { status: 'error' })
      const about = {
        resourceType: 'VOLUME',
        resourceId: row.id,
        projectId: row.projectId,
        action: 'keep volume',
      } as const
      await leaveMessage(tx, context, about, `The host '${host}' no longer has its bytes.`)
    })
    repaired.push(`volume ${row.id} has no bytes on ${host}: error`)
  }
  return repaired
}
