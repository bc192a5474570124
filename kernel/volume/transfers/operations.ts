// Handing a volume over: its owner makes a transfer and passes on the key, another project takes the volume with it.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { accepted, ok } from '../../../eden/http/request.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import type { VolumeContext } from '../context.ts'
import { claim } from '../quotas/quota.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { findType } from '../types/choose.ts'
import { allowedVolume, findVolume, requireStatus, targetOf } from '../volumes/find.ts'
import { ownerFilter } from '../volumes/list.ts'
import { volume } from '../volumes/volume.ts'
import { flagFrom, linksOf, nameFrom, shownTime, wrappedIn } from '../wire.ts'
import { type Transfer, transfer } from './transfer.ts'

type Operation = ServiceOperation<VolumeContext>

const beyond = everyone('who holds the key may take the volume')
const hashed = (salt: string, key: string) => createHash('sha256').update(`${salt}:${key}`).digest('hex')

const brief = (call: Call, row: Transfer) => ({
  id: row.id,
  volume_id: row.volumeId,
  name: row.name,
  links: linksOf(call, 'volume-transfers', row.id),
})

const whole = (call: Call, row: Transfer) => ({
  ...brief(call, row),
  created_at: shownTime(row.createdAt),
  ...(call.version >= versionNumber('3.55') && { no_snapshots: row.noSnapshots }),
  ...(call.version >= versionNumber('3.57') && {
    source_project_id: row.projectId,
    destination_project_id: null,
    accepted: false,
  }),
})

async function findTransfer(reads: Readable | Call, id: string, scope?: typeof beyond): Promise<Transfer> {
  const row = await reads.rows(transfer, scope).find(id)
  if (!row) throw notFound(`Transfer ${id} could not be found.`)
  return row as Transfer
}

export const createTransfer: Operation = async (_, call, { body: given }) => {
  const body = wrappedIn(given, 'transfer')
  if (typeof body.volume_id !== 'string') throw badRequest("Invalid input: 'volume_id' is a required property.")
  const seen = await allowedVolume(call, body.volume_id, 'volume:create_transfer')
  const name = nameFrom(body.name)
  const noSnapshots = flagFrom(body.no_snapshots ?? false, 'no_snapshots')
  const key = call.ids.secret(8).toString('hex')
  const salt = call.ids.secret(8).toString('hex')
  const row = await call.transaction(async (tx) => {
    const now = await findVolume(tx, seen.id)
    requireStatus(now, ['available'], 'be transferred')
    await tx.rows(volume).update(now, { status: 'awaiting-transfer' })
    return tx.rows(transfer).insert({
      id: call.ids.uuid(),
      projectId: now.projectId,
      volumeId: now.id,
      name,
      salt,
      keyHash: hashed(salt, key),
      noSnapshots,
    })
  })
  return accepted({ transfer: { ...whole(call, row as Transfer), auth_key: key } })
}

export const acceptTransfer: Operation = async ({ config }, call, { params, body: given }) => {
  const key = wrappedIn(given, 'accept').auth_key
  if (typeof key !== 'string') throw badRequest("Invalid input: 'auth_key' is a required property.")
  const seen = await findTransfer(call, params.id!, beyond)
  const offered = hashed(seen.salt, key)
  if (!timingSafeEqual(Buffer.from(offered), Buffer.from(seen.keyHash)))
    throw badRequest(`Attempt to transfer ${seen.id} with an invalid auth key.`)
  await call.transaction(async (tx) => {
    const row = await findTransfer(tx, seen.id, beyond)
    const moved = await tx.rows(volume, beyond).get(row.volumeId)
    requireStatus(moved, ['awaiting-transfer'], 'be transferred')
    const taken = await tx.rows(snapshot, beyond).list({ where: { volumeId: moved.id } })
    if (taken.length > 0 && row.noSnapshots)
      throw badRequest(`Volume ${moved.id} has snapshots, and the transfer was made without them.`)
    const type = await findType(tx, moved.volumeTypeId)
    const gigabytes = moved.sizeGiB + taken.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0)
    await claim(tx, config, call.projectId, { volumes: 1, snapshots: taken.length, gigabytes }, type.name)
    const owner = { projectId: call.projectId, userId: call.userId }
    await tx.rows(volume, beyond).update(moved, { ...owner, status: 'available' })
    for (const one of taken) await tx.rows(snapshot, beyond).update(one, owner)
    await tx.rows(transfer, beyond).remove(row)
  })
  return accepted({ transfer: brief(call, seen) })
}

export const deleteTransfer: Operation = async (_, call, { params }) => {
  const seen = await findTransfer(call, params.id!)
  call.require('volume:delete_transfer', targetOf(seen))
  await call.transaction(async (tx) => {
    const row = await findTransfer(tx, seen.id)
    const held = await tx.rows(volume).find(row.volumeId)
    if (held?.status === 'awaiting-transfer') await tx.rows(volume).update(held, { status: 'available' })
    await tx.rows(transfer).remove(row)
  })
  return accepted()
}

export const showTransfer: Operation = async (_, call, { params }) =>
  ok({ transfer: whole(call, await findTransfer(call, params.id!)) })

const listWith =
  (view: typeof brief): Operation =>
  async ({ config }, call, input) => {
    const options = listOptions(transfer, input, {
      maxLimit: config.maxItemsPerPage,
      sort: [{ field: 'createdAt', descending: true }],
      besides: ['all_tenants', 'project_id'],
    })
    const rows = await call
      .rows(transfer)
      .list({ ...options, where: { ...options.where, ...ownerFilter(call, input) } })
    return ok({ transfers: rows.map((row) => view(call, row as Transfer)) })
  }

export const listTransfers = listWith(brief)
export const listTransfersInDetail = listWith(whole)
