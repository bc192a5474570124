// The record of an import that clients follow.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import { id, json, maybe, oneOf, text, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage } from '../images/access.ts'

export const task = resource('task', {
  service: 'image',
  plural: 'tasks',
  owner: 'owner',
  fields: {
    id: id(),
    type: text(),
    status: oneOf(['pending', 'processing', 'success', 'failure']),
    owner: id(),
    userId: maybe(id()),
    requestId: text(),
    imageId: id({ index: true }),
    input: json<Record<string, unknown>>(Type.Unknown()),
    message: text({ max: 4096, default: '' }),
    createdAt: time(),
    updatedAt: time(),
    expiresAt: maybe(time()),
  },
})
export type Task = Row<typeof task> & Record<string, unknown>

const shownTime = (iso: string | null) => iso && `${iso.slice(0, 19)}Z`

const brief = (row: Task) => ({
  id: row.id,
  type: row.type,
  status: row.status,
  owner: row.owner,
  image_id: row.imageId,
  request_id: row.requestId,
  user_id: row.userId,
  created_at: shownTime(row.createdAt),
  updated_at: shownTime(row.updatedAt),
  expires_at: shownTime(row.expiresAt),
  self: `/v2/tasks/${row.id}`,
  schema: '/v2/schemas/task',
})

const whole = (row: Task) => ({
  ...brief(row),
  input: row.input,
  result: row.status === 'success' ? { image_id: row.imageId } : null,
  message: row.message,
})

export const listTasksOfImage: ServiceOperation<ImageContext> = async (_, call, { params }) => {
  await allowedImage(call, params.id!, 'get_image')
  const rows = await call.rows(task).list({ where: { imageId: params.id! }, sort: [{ field: 'createdAt' }] })
  return ok({ tasks: rows.map((row) => whole(row as Task)) })
}

export const listTasks: ServiceOperation<ImageContext> = async (_, call) => {
  const rows = await call.rows(task).list({ sort: [{ field: 'createdAt', descending: true }], limit: 1000 })
  return ok({ tasks: rows.map((row) => brief(row as Task)), first: '/v2/tasks', schema: '/v2/schemas/tasks' })
}

export const showTask: ServiceOperation<ImageContext> = async (_, call, { params }) =>
  ok(whole(await find(call, params.id!)))

async function find(call: Call, id: string): Promise<Task> {
  const row = await call.rows(task).find(id)
  if (!row) throw notFound(`Failed to find task ${id}`)
  return row as Task
}
