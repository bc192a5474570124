// Finding snapshots for a caller.
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { targetOf } from '../volumes/find.ts'
import { type Snapshot, snapshot } from './snapshot.ts'

export async function findSnapshot(reads: Readable | Call, id: string): Promise<Snapshot> {
  const row = await reads.rows(snapshot).find(id)
  if (!row) throw notFound(`Snapshot ${id} could not be found.`, { reason: { resource: 'snapshot', id } })
  return row as Snapshot
}

export async function allowedSnapshot(call: Call, id: string, rule: string): Promise<Snapshot> {
  const row = await findSnapshot(call, id)
  call.require(rule, targetOf(row))
  return row
}
