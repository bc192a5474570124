// The actions by which attachments were made before they had an API of their own; some clients still use them.

import { isoTime } from '../../../eden/clock.ts'
import { badRequest } from '../../../eden/errors.ts'
import { accepted, ok } from '../../../eden/http/request.ts'
import { attachment } from '../attachments/attachment.ts'
import { detach, findAttachment } from '../attachments/operations.ts'
import { askHost } from '../host/ask.ts'
import { nameFrom } from '../wire.ts'
import type { Action } from './actions.ts'
import { attachmentsOf, findVolume, requireStatus, settleByAttachments, statusBy } from './find.ts'
import { volume } from './volume.ts'

type Given = Record<string, unknown> | null

export const reserve: Action = (_, call, { id }) =>
  call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    requireStatus(row, row.multiattach ? ['available', 'in-use'] : ['available'], 'reserve')
    await tx.rows(volume).update(row, { status: 'attaching' })
  })

export const unreserve: Action = (_, call, { id }) =>
  call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    if (row.status !== 'attaching') return
    await tx.rows(volume).update(row, { status: statusBy(await attachmentsOf(tx, id)) })
  })

export const beginDetaching: Action = (_, call, { id }) =>
  call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    requireStatus(row, ['in-use'], 'detach')
    await tx.rows(volume).update(row, { status: 'detaching' })
  })

export const rollDetaching: Action = (_, call, { id }) =>
  call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    if (row.status === 'detaching') await tx.rows(volume).update(row, { status: 'in-use' })
  })

export const attach: Action = async ({ clock }, call, { id }, body) => {
  const given = (body ?? {}) as Record<string, unknown>
  const instanceId = nameFrom(given.instance_uuid, 'instance_uuid')
  const hostName = nameFrom(given.host_name, 'host_name')
  if ((instanceId === null) === (hostName === null))
    throw badRequest('Invalid request to attach volume to an invalid target: give instance_uuid or host_name.')
  if (given.mode !== undefined && given.mode !== 'rw' && given.mode !== 'ro')
    throw badRequest("The mode of an attachment is 'rw' or 'ro'.")
  await call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    requireStatus(row, row.multiattach ? ['available', 'attaching', 'in-use'] : ['available', 'attaching'], 'attach')
    if (row.readOnly && given.mode === 'rw') throw badRequest(`Volume ${id} is read-only and cannot be attached 'rw'.`)
    await tx.rows(attachment).insert({
      id: call.ids.uuid(),
      projectId: row.projectId,
      volumeId: id,
      instanceId,
      attachedHost: hostName,
      mountpoint: nameFrom(given.mountpoint, 'mountpoint'),
      attachStatus: 'attached',
      attachMode: given.mode === 'ro' || row.readOnly ? 'ro' : 'rw',
      attachedAt: isoTime(clock.now()),
    })
    await settleByAttachments(tx, id)
  })
}

const chosen = async (call: Parameters<Action>[1], volumeId: string, given: Given) => {
  const attachmentId = nameFrom(given?.attachment_id, 'attachment_id')
  if (attachmentId !== null) {
    const row = await findAttachment(call, attachmentId)
    if (row.volumeId === volumeId) return row
    throw badRequest(`Attachment ${attachmentId} is of another volume.`)
  }
  const all = await attachmentsOf(call, volumeId)
  if (all.length > 1) throw badRequest(`Volume ${volumeId} has several attachments; name the one to detach.`)
  return all[0]
}

export const detachVolume: Action = async (_, call, { id }, body) => {
  const row = await chosen(call, id, body as Given)
  if (row) return detach(call, row)
  await call.transaction((tx) => settleByAttachments(tx, id))
}

export const forceDetach: Action = async (_, call, { id }, body) => {
  const row = await chosen(call, id, body as Given)
  if (row) return detach(call, row, { evenIfError: true })
  await call.transaction(async (tx) => tx.rows(volume).change(id, { status: 'available' }))
}

/** One connection for all who use this way, named after the volume itself. */
export const initializeConnection: Action = async (context, call, { id, host, status }, body) => {
  if (typeof (body as Given)?.connector !== 'object') throw badRequest("Invalid input: a 'connector' is needed.")
  if (!host) throw badRequest(`Volume ${id} is ${status} and is nowhere yet.`)
  if (call.dryRun) return ok({})
  const { readOnly } = await findVolume(call, id)
  const data = await askHost(context, host, 'connect', { id, attachmentId: id, readOnly })
  return ok({
    connection_info: { driver_volume_type: data.kind, data: { ...data, access_mode: readOnly ? 'ro' : 'rw' } },
  })
}

export const terminateConnection: Action = async (context, call, { id, host }) => {
  if (host && !call.dryRun) await askHost(context, host, 'disconnect', { id, attachmentId: id })
  return accepted()
}
