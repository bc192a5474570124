// Finding volumes for a caller, and what their replies need besides the row.
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable, Transaction } from '../../../eden/store/store.ts'
import { type Attachment, attachment } from '../attachments/attachment.ts'
import { volumeType } from '../types/type.ts'
import { type Around, type Volume, volume, volumeView } from './volume.ts'

export async function findVolume(reads: Readable | Call, id: string): Promise<Volume> {
  const row = await reads.rows(volume).find(id)
  if (!row) throw notFound(`Volume ${id} could not be found.`, { reason: { resource: 'volume', id } })
  return row as Volume
}

export const targetOf = (row: { projectId: string; userId?: string }) => ({
  project_id: row.projectId,
  tenant_id: row.projectId,
  user_id: row.userId,
})

/** The volume, where the caller sees it and the rule allows. */
export async function allowedVolume(call: Call, id: string, rule: string): Promise<Volume> {
  const row = await findVolume(call, id)
  call.require(rule, targetOf(row))
  return row
}

/** @throws 400, which is what Cinder's clients expect of a state that does not fit. */
export function requireStatus(row: { id: string; status: string }, allowed: readonly string[], what: string) {
  if (!allowed.includes(row.status))
    throw badRequest(
      `Invalid volume: Volume ${row.id} status must be ${allowed.join(' or ')} to ${what}, but it is ${row.status}.`,
      { reason: { status: row.status, allowed } },
    )
}

export const attachmentsOf = async (reads: Readable | Call, volumeId: string | string[]): Promise<Attachment[]> =>
  (await reads
    .rows(attachment, everyone('the volume was found already'))
    .list({ where: { volumeId }, sort: [{ field: 'createdAt' }] })) as Attachment[]

export async function aroundOf(reads: Readable | Call, rows: readonly Volume[]): Promise<(row: Volume) => Around> {
  const types = await reads.rows(volumeType).list()
  const names = new Map(types.map(({ id, name }) => [id, name]))
  const all =
    rows.length > 0
      ? await attachmentsOf(
          reads,
          rows.map(({ id }) => id),
        )
      : []
  return (row) => ({
    typeName: names.get(row.volumeTypeId) ?? null,
    attachments: all.filter(({ volumeId }) => volumeId === row.id),
  })
}

export async function shownVolume(call: Call, row: Volume) {
  const around = await aroundOf(call, [row])
  return volumeView(call, row, around(row))
}

/** As replies to creation and change show it. */
export async function brieflyShown(call: Call, row: Volume, tx: Transaction) {
  const around = await aroundOf(tx, [row])
  return volumeView(call, row, around(row), { brief: true })
}

/** What the volume is, going by its attachments alone. */
export function statusBy(attachments: readonly Attachment[]): 'available' | 'in-use' | 'attaching' | 'reserved' {
  const states = attachments.map(({ attachStatus }) => attachStatus)
  if (states.some((state) => state === 'attached' || state === 'detaching' || state === 'error_detaching'))
    return 'in-use'
  if (states.includes('attaching')) return 'attaching'
  return states.includes('reserved') ? 'reserved' : 'available'
}

/** Sets the volume to what its attachments say it is. */
export async function settleByAttachments(tx: Transaction, volumeId: string) {
  const volumes = tx.rows(volume, everyone('bookkeeping of an attachment that was checked'))
  const row = await volumes.find(volumeId)
  if (!row || row.status.startsWith('error') || row.status === 'deleting') return
  await volumes.update(row, { status: statusBy(await attachmentsOf(tx, volumeId)) })
}
