// Copies on their way: what a new volume is made from stays until the new one has its bytes.
import type { Call } from '../../../eden/call.ts'
import { conflict, notFound, unavailable } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import type { Source } from './source.ts'
import { volume } from './volume.ts'

const beyond = everyone('copies may belong to another project than what they are made from')

/** So often is looked for copies before a deletion gives up; its deadline is longer than that of a copy. */
export const patience = { attempts: 5000, deadline: '7h' } as const

/** @throws 503, so that the step is done again later, while something is still being made from it. */
export async function requireNoCopies(
  reads: Readable | Call,
  from: { sourceVolid: string } | { snapshotId: string | string[] },
): Promise<void> {
  const [copy] = await reads
    .rows(volume, beyond)
    .list({ where: { ...from, status: ['creating', 'downloading'] }, limit: 1 })
  if (copy) throw unavailable(`Volume ${copy.id} is still being made from it.`)
}

/** Inside the transaction that promises the copy. @throws 404 or 409 where the source went since it was chosen. */
export async function requireSource(reads: Readable | Call, source: Source): Promise<void> {
  if (source.kind === 'volume') {
    const row = await reads.rows(volume, beyond).find(source.volumeId)
    if (!row) throw notFound(`Volume ${source.volumeId} could not be found.`)
    if (row.status === 'deleting') throw conflict(`Volume ${row.id} is being deleted.`)
  }
  if (source.kind === 'snapshot') {
    const row = await reads.rows(snapshot, beyond).find(source.snapshotId)
    if (!row) throw notFound(`Snapshot ${source.snapshotId} could not be found.`)
    if (row.status === 'deleting') throw conflict(`Snapshot ${row.id} is being deleted.`)
  }
}
