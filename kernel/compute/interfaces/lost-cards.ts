// Cards whose ports were deleted: unplugged from the guest, so that it keeps nothing that leads nowhere.
import type { Call } from '../../../eden/call.ts'
import { jobRecord } from '../../../eden/jobs/record.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { ComputeContext } from '../context.ts'
import { asCloud, portsOf } from '../servers/ports.ts'
import { type Server, server } from '../servers/server.ts'
import { enqueueDetach } from './detach-job.ts'

const beyond = everyone('servers of all projects share hosts')
/** A guest that did not let go once is not asked every minute; its next start leaves the card out. */
const tried = new WeakMap<ComputeContext, Set<string>>()

export const isAtRest = ({ task, state }: Server) => task === null && ['active', 'paused', 'stopped'].includes(state)

/** Inside a transaction: unplugs what has no port any more. Returns which ports those are. */
export async function unplugLost(tx: Transaction, row: Server, there: ReadonlySet<string>): Promise<string[]> {
  if (!isAtRest(row)) return []
  if ((await tx.rows(jobRecord, beyond).count({ resourceId: row.id, active: true })) > 0) return []
  const lost = row.nics.map(({ portId }) => portId).filter((id) => !there.has(id))
  for (const portId of lost) await enqueueDetach(tx, row, portId)
  return lost
}

/** For the reconciler: what was deleted while nobody listened. */
export async function unplugLostOn(context: ComputeContext, call: Call, host: string, rows: readonly Server[]) {
  const mine = tried.get(context) ?? new Set<string>()
  tried.set(context, mine)
  const { body } = await context.network.ask<{ ports: { id: string }[] }>(
    asCloud(call),
    'GET',
    `/v2.0/ports?binding:host_id=${encodeURIComponent(host)}&fields=id`,
  )
  const there = new Set(body.ports.map(({ id }) => id))
  const repaired: string[] = []
  for (const seen of rows) {
    if (!seen.nics.some(({ portId }) => !there.has(portId) && !mine.has(portId))) continue
    // Perhaps the port is only on no host now.
    const own = new Set((await portsOf(context, call, seen.id)).map(({ id }) => id))
    const lost = await call.transaction(async (tx) => {
      const row = await tx.rows(server, beyond).find(seen.id)
      return row ? unplugLost(tx, row, own) : []
    })
    for (const portId of lost) {
      mine.add(portId)
      repaired.push(`server ${seen.id} had a card without its port ${portId}: unplugged`)
    }
  }
  return repaired
}
