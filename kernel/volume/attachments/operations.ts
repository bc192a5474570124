// The attachments API: reserve a volume for a server, connect it, say that it is in place, let it go.
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { badRequest, conflict, notFound, unavailable } from '../../../eden/errors.ts'
import { noContent, ok } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { Readable, Transaction } from '../../../eden/store/store.ts'
import type { VolumeContext } from '../context.ts'
import { allowedVolume, attachmentsOf, findVolume, settleByAttachments, targetOf } from '../volumes/find.ts'
import { ownerFilter, pageLinks } from '../volumes/list.ts'
import { type Volume, volume } from '../volumes/volume.ts'
import { nameFrom, wrappedIn } from '../wire.ts'
import { type Attachment, attachment, attachmentView } from './attachment.ts'
import { awaitAttachment } from './await.ts'
import { connectJob, disconnectJob } from './jobs.ts'

export async function findAttachment(reads: Readable | Call, id: string): Promise<Attachment> {
  const row = await reads.rows(attachment).find(id)
  if (!row) throw notFound(`Volume attachment could not be found with filter: attachment_id = ${id}.`)
  return row as Attachment
}

async function allowed(call: Call, id: string, rule: string): Promise<Attachment> {
  const row = await findAttachment(call, id)
  call.require(rule, targetOf(row))
  return row
}

/** A free volume, one that may have several servers, or one that this server has already (it moves between hosts). */
async function requireAttachable(tx: Transaction, row: Volume, instanceId: string | null) {
  if (['available', 'downloading'].includes(row.status)) return
  const present = await attachmentsOf(tx, row.id)
  if (row.multiattach && ['in-use', 'reserved', 'attaching'].includes(row.status)) return
  const isSameServer =
    instanceId !== null && present.length > 0 && present.every((one) => one.instanceId === instanceId)
  if (isSameServer && ['in-use', 'reserved', 'attaching'].includes(row.status)) return
  throw badRequest(
    `Invalid volume: Volume ${row.id} status must be available or downloading to reserve, but the current status is ${row.status}.`,
    {
      reason: { status: row.status },
    },
  )
}

export const createAttachment: ServiceOperation<VolumeContext> = async (_, call, { body: whole }) => {
  const body = wrappedIn(whole, 'attachment')
  if (typeof body.volume_uuid !== 'string') throw badRequest("Invalid input: 'volume_uuid' is a required property.")
  const instanceId = nameFrom(body.instance_uuid, 'instance_uuid')
  const connector = (body.connector ?? null) as Record<string, unknown> | null
  const mode = body.mode === undefined || body.mode === null || body.mode === 'null' ? undefined : body.mode
  if (mode !== undefined && mode !== 'rw' && mode !== 'ro')
    throw badRequest("The mode of an attachment is 'rw' or 'ro'.")
  const seen = await allowedVolume(call, body.volume_uuid, 'volume:attachment_create')
  const id = call.ids.uuid()
  const made = await call.transaction(async (tx) => {
    const row = await findVolume(tx, seen.id)
    await requireAttachable(tx, row, instanceId)
    if (row.multiattach && row.bootable && (await attachmentsOf(tx, row.id)).length > 0)
      call.require('volume:multiattach_bootable_volume', targetOf(row))
    if (mode === 'rw' && row.readOnly) throw badRequest(`Volume ${row.id} is read-only and cannot be attached 'rw'.`)
    const inserted = await tx.rows(attachment).insert({
      id,
      projectId: row.projectId,
      volumeId: row.id,
      instanceId,
      attachStatus: connector ? 'attaching' : 'reserved',
      attachMode: mode ?? (row.readOnly ? 'ro' : 'rw'),
      ...connectorFields(connector),
    })
    await settleByAttachments(tx, row.id)
    if (connector) await begin(tx, inserted as Attachment)
    return inserted as Attachment
  })
  return ok({ attachment: attachmentView(connector && !call.dryRun ? await connected(call, id) : made) })
}

const connectorFields = (connector: Record<string, unknown> | null) => ({
  connector,
  attachedHost: nameFrom(connector?.host, 'connector.host'),
  mountpoint: nameFrom(connector?.mountpoint, 'connector.mountpoint'),
})

const about = (row: Attachment) => ({ resourceType: 'attachment', resourceId: row.id, projectId: row.projectId })
const begin = (tx: Transaction, row: Attachment) =>
  enqueue(tx, connectJob, { id: row.id, volumeId: row.volumeId }, about(row))

async function connected(call: Call, id: string): Promise<Attachment> {
  const row = await awaitAttachment(
    call,
    id,
    (now) =>
      !now || now.connection !== null || now.attachStatus === 'error_attaching' || now.attachStatus === 'detaching',
  )
  if (!row || row.attachStatus === 'detaching') throw conflict(`Attachment ${id} was deleted while it was connected.`)
  if (!row.connection) throw unavailable(`The volume's host could not connect attachment ${id}.`)
  return row
}

export const updateAttachment: ServiceOperation<VolumeContext> = async (_, call, { params, body }) => {
  const { connector } = wrappedIn(body, 'attachment')
  if (typeof connector !== 'object' || connector === null) throw badRequest("Invalid input: a 'connector' is needed.")
  const seen = await allowed(call, params.id!, 'volume:attachment_update')
  const fields = connectorFields(connector as Record<string, unknown>)
  if (seen.attachedHost && fields.attachedHost && seen.connection && seen.attachedHost !== fields.attachedHost)
    throw badRequest(`Attachment ${seen.id} is connected to host ${seen.attachedHost} already.`)
  await call.transaction(async (tx) => {
    const row = await findAttachment(tx, seen.id)
    if (row.attachStatus === 'detaching') throw conflict(`Attachment ${row.id} is being deleted.`)
    const attachStatus = row.attachStatus === 'attached' ? 'attached' : 'attaching'
    await tx.rows(attachment).update(row, { ...fields, attachStatus })
    await settleByAttachments(tx, row.volumeId)
    if (!row.connection) await begin(tx, row)
  })
  return ok({ attachment: attachmentView(call.dryRun ? seen : await connected(call, seen.id)) })
}

export const completeAttachment: ServiceOperation<VolumeContext> = async ({ clock }, call, { params, body }) => {
  if (!body || !Object.hasOwn(body as object, 'os-complete'))
    throw badRequest("Attachments know the action 'os-complete'.")
  const seen = await allowed(call, params.id!, 'volume:attachment_complete')
  await call.transaction(async (tx) => {
    const row = await findAttachment(tx, seen.id)
    if (row.attachStatus === 'attached') return
    if (row.attachStatus !== 'attaching' || !row.connection)
      throw badRequest(`Invalid attachment: it is ${row.attachStatus}, not connected.`)
    await tx.rows(attachment).update(row, { attachStatus: 'attached', attachedAt: isoTime(clock.now()) })
    await settleByAttachments(tx, row.volumeId)
  })
  return noContent()
}

export const deleteAttachment: ServiceOperation<VolumeContext> = async (_, call, { params }) => {
  const seen = await allowed(call, params.id!, 'volume:attachment_delete')
  await detach(call, seen)
  const rest = await attachmentsOf(call, seen.volumeId)
  return ok({ attachments: rest.map((row) => ({ id: row.id })) })
}

/** Lets the attachment go and waits for it. @param evenIfError frees also a volume that was set to an error. */
export async function detach(call: Call, seen: Attachment, { evenIfError = false } = {}): Promise<void> {
  await call.transaction(async (tx) => {
    const row = await findAttachment(tx, seen.id)
    await tx.rows(attachment).update(row, { attachStatus: 'detaching' })
    const held = await findVolume(tx, row.volumeId)
    const isFree = held.status === 'deleting' || (held.status.startsWith('error') && !evenIfError)
    if (!isFree && row.attachedAt !== null) await tx.rows(volume).update(held, { status: 'detaching' })
    await enqueue(tx, disconnectJob, { id: row.id, volumeId: row.volumeId }, about(row))
  })
  if (call.dryRun) return
  const row = await awaitAttachment(call, seen.id, (now) => !now || now.attachStatus === 'error_detaching')
  if (row) throw unavailable(`The volume's host could not disconnect attachment ${seen.id}; try again.`)
}

const listWith =
  (isDetailed: boolean): ServiceOperation<VolumeContext> =>
  async ({ config }, call, input) => {
    const options = listOptions(attachment, input, {
      maxLimit: config.maxItemsPerPage,
      sort: [{ field: 'createdAt', descending: true }],
      besides: ['all_tenants', 'project_id'],
      aliases: { instance_id: 'instanceId', attach_status: 'attachStatus' },
    })
    const rows = (await call
      .rows(attachment)
      .list({ ...options, where: { ...options.where, ...ownerFilter(call, input) } })) as Attachment[]
    const brief = (row: Attachment) => ({
      id: row.id,
      status: row.attachStatus,
      instance: row.instanceId,
      volume_id: row.volumeId,
    })
    const links = pageLinks(call, input, 'attachments', 'attachments_links', rows, options.limit)
    return ok({ attachments: rows.map(isDetailed ? attachmentView : brief), ...links })
  }

export const listAttachments = listWith(false)
export const listAttachmentsInDetail = listWith(true)

export const showAttachment: ServiceOperation<VolumeContext> = async (_, call, { params }) =>
  ok({ attachment: attachmentView(await findAttachment(call, params.id!)) })
