// Messages: why something that was promised did not come to pass, in words for the one who asked.
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { notFound } from '../../../eden/errors.ts'
import { noContent, ok } from '../../../eden/http/request.ts'
import { createdAt, id, text, time } from '../../../eden/resource/fields.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { VolumeContext } from '../context.ts'
import { linksOf, shownTime } from '../wire.ts'

export const message = resource('message', {
  service: 'volume',
  plural: 'messages',
  owner: 'projectId',
  fields: {
    id: id(),
    projectId: id(),
    requestId: text(),
    resourceType: text(),
    resourceUuid: id(),
    eventId: text(),
    messageLevel: text({ default: 'ERROR' }),
    userMessage: text({ max: 4096 }),
    createdAt: createdAt(),
    guaranteedUntil: time(),
  },
})
type Message = Row<typeof message> & Record<string, unknown>

/** Tells the owner of a resource what went wrong with it. */
export async function leaveMessage(
  tx: Transaction,
  context: VolumeContext,
  about: { resourceType: 'VOLUME' | 'VOLUME_SNAPSHOT'; resourceId: string; projectId: string; action: string },
  text: string,
) {
  await tx.rows(message).insert({
    id: tx.store.ids.uuid(),
    projectId: about.projectId,
    requestId: tx.call.requestId,
    resourceType: about.resourceType,
    resourceUuid: about.resourceId,
    eventId: `VOLUME_${about.resourceType}_${about.action}`,
    userMessage: `${about.action}: ${text}`.slice(0, 4000),
    guaranteedUntil: isoTime(context.clock.now() + context.config.messageLifetime),
  })
}

const messageView = (call: Call, row: Message) => ({
  id: row.id,
  request_id: row.requestId,
  resource_type: row.resourceType,
  resource_uuid: row.resourceUuid,
  event_id: row.eventId,
  message_level: row.messageLevel,
  user_message: row.userMessage,
  created_at: shownTime(row.createdAt),
  guaranteed_until: shownTime(row.guaranteedUntil),
  links: linksOf(call, 'messages', row.id),
})

async function find(call: Call, id: string): Promise<Message> {
  const row = await call.rows(message).find(id)
  if (!row) throw notFound(`Message ${id} could not be found.`)
  return row as Message
}

export const listMessages: ServiceOperation<VolumeContext> = async ({ config }, call, input) => {
  const options = listOptions(message, input, {
    maxLimit: config.maxItemsPerPage,
    sort: [{ field: 'createdAt', descending: true }],
  })
  const rows = await call.rows(message).list({ ...options, where: { ...options.where, projectId: call.projectId } })
  return ok({ messages: rows.map((row) => messageView(call, row as Message)) })
}

export const showMessage: ServiceOperation<VolumeContext> = async (_, call, { params }) =>
  ok({ message: messageView(call, await find(call, params.id!)) })

export const deleteMessage: ServiceOperation<VolumeContext> = async (_, call, { params }) => {
  const row = await find(call, params.id!)
  await call.transaction((tx) => tx.rows(message).remove(row))
  return noContent()
}
