// POST /volumes/:id/action: one word in the body says what to do. The table holds every word, its rule and its answer.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Reply, reply } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { VolumeContext } from '../context.ts'
import { flagFrom, nameFrom } from '../wire.ts'
import { remove } from './delete.ts'
import { extendVolume } from './extend.ts'
import { findVolume, requireStatus, targetOf } from './find.ts'
import { setImageMetadata, showImageMetadata, unsetImageMetadata } from './image-metadata.ts'
import {
  attach,
  beginDetaching,
  detachVolume,
  forceDetach,
  initializeConnection,
  reserve,
  rollDetaching,
  terminateConnection,
  unreserve,
} from './legacy-attach.ts'
import { retype } from './retype.ts'
import { uploadImage } from './upload-image.ts'
import { type Volume, volume, volumeStates } from './volume.ts'

/** `body` is what the action's word holds. A reply, or nothing where the status alone answers. */
export type Action = (
  context: VolumeContext,
  call: Call,
  row: Volume,
  body: unknown,
) => Promise<Reply | undefined | unknown>

const resetStatus: Action = (_, call, { id }, body) => {
  const given = (body ?? {}) as Record<string, unknown>
  const status = given.status === undefined ? undefined : nameFrom(given.status, 'status')
  if (status === undefined && given.attach_status === undefined && given.migration_status === undefined)
    throw badRequest('Must specify status, attach_status or migration_status.')
  if (status && !volumeStates.some((known) => known === status))
    throw badRequest(`Must specify a valid status, not '${status}'.`)
  return call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    await tx.rows(volume).update(row, { ...(status && { status }) })
  })
}

const setBootable: Action = (_, call, { id }, body) => {
  const bootable = flagFrom((body as Record<string, unknown> | null)?.bootable, 'bootable')
  return call.transaction(async (tx) => tx.rows(volume).change(id, { bootable }))
}

const setReadOnly: Action = (_, call, { id }, body) => {
  const readOnly = flagFrom((body as Record<string, unknown> | null)?.readonly, 'readonly')
  return call.transaction(async (tx) => {
    const row = await findVolume(tx, id)
    requireStatus(row, ['available'], 'change its readonly flag')
    const metadata = { ...row.metadata, readonly: readOnly ? 'True' : 'False' }
    await tx.rows(volume).update(row, { readOnly, metadata })
  })
}

const forceDelete: Action = (_, call, { id }) => remove(call, id, { cascade: true, force: true })

const admin = 'volume_extension:volume_admin_actions:'
const actions: Record<string, { run: Action; rule: string; status: number }> = {
  'os-extend': { run: extendVolume, rule: 'volume:extend', status: 202 },
  'os-reset_status': { run: resetStatus, rule: `${admin}reset_status`, status: 202 },
  'os-force_delete': { run: forceDelete, rule: `${admin}force_delete`, status: 202 },
  'os-force_detach': { run: forceDetach, rule: `${admin}force_detach`, status: 202 },
  'os-set_bootable': { run: setBootable, rule: 'volume_extension:volume_actions:set_bootable', status: 200 },
  'os-update_readonly_flag': {
    run: setReadOnly,
    rule: 'volume_extension:volume_actions:update_readonly_flag',
    status: 202,
  },
  'os-attach': { run: attach, rule: 'volume_extension:volume_actions:attach', status: 202 },
  'os-detach': { run: detachVolume, rule: 'volume_extension:volume_actions:detach', status: 202 },
  'os-reserve': { run: reserve, rule: 'volume_extension:volume_actions:reserve', status: 202 },
  'os-unreserve': { run: unreserve, rule: 'volume_extension:volume_actions:unreserve', status: 202 },
  'os-begin_detaching': { run: beginDetaching, rule: 'volume_extension:volume_actions:begin_detaching', status: 202 },
  'os-roll_detaching': { run: rollDetaching, rule: 'volume_extension:volume_actions:roll_detaching', status: 202 },
  'os-initialize_connection': {
    run: initializeConnection,
    rule: 'volume_extension:volume_actions:initialize_connection',
    status: 200,
  },
  'os-terminate_connection': {
    run: terminateConnection,
    rule: 'volume_extension:volume_actions:terminate_connection',
    status: 202,
  },
  'os-set_image_metadata': { run: setImageMetadata, rule: 'volume_extension:volume_image_metadata:set', status: 200 },
  'os-show_image_metadata': {
    run: showImageMetadata,
    rule: 'volume_extension:volume_image_metadata:show',
    status: 200,
  },
  'os-unset_image_metadata': {
    run: unsetImageMetadata,
    rule: 'volume_extension:volume_image_metadata:remove',
    status: 200,
  },
  'os-volume_upload_image': { run: uploadImage, rule: 'volume_extension:volume_actions:upload_image', status: 202 },
  'os-retype': { run: retype, rule: 'volume:retype', status: 202 },
}

export const volumeActions = Object.keys(actions)

export const actOnVolume: ServiceOperation<VolumeContext> = async (context, call, { params, body }) => {
  const row = await findVolume(call, params.id!)
  const [word] = Object.keys((body ?? {}) as object)
  const action = word === undefined ? undefined : Object.hasOwn(actions, word) ? actions[word] : undefined
  if (!action) throw badRequest(`There is no such action: ${word ?? 'the body is empty'}.`)
  call.require(action.rule, targetOf(row))
  const answer = await action.run(context, call, row, (body as Record<string, unknown>)[word!])
  return isReply(answer) ? { ...answer, status: action.status } : reply(action.status)
}

const isReply = (value: unknown): value is Reply =>
  typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value
