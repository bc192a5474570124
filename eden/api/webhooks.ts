// Webhooks of a project.
import { newestSeq } from '../changes/feed.ts'
import { webhook } from '../changes/webhook.ts'
import { created, noContent, ok } from '../http/request.ts'
import { fieldsFrom } from '../resource/input.ts'
import { view } from '../resource/view.ts'
import type { ServiceOperation } from '../service.ts'
import { type EdenContext, requireTenant } from './context.ts'

type Operation = ServiceOperation<EdenContext>
type Body = { webhook: Record<string, unknown> }

export const listWebhooks: Operation = async (_, call, { params }) => {
  requireTenant(call, params.tenant!)
  const rows = await call.rows(webhook).list({ where: { projectId: params.tenant! }, sort: [{ field: 'createdAt' }] })
  return ok({ webhooks: rows.map((row) => view(webhook, row, call)) })
}

export const showWebhook: Operation = async (_, call, { params }) =>
  ok({ webhook: view(webhook, await call.rows(webhook).get(params.id!), call) })

export const createWebhook: Operation = async ({ assembly }, call, { params, body }) => {
  requireTenant(call, params.tenant!)
  const cursor = await newestSeq(assembly.store)
  const row = await call.transaction((tx) =>
    tx.rows(webhook).insert({
      ...fieldsFrom(webhook, (body as Body).webhook),
      id: call.ids.uuid(),
      projectId: params.tenant!,
      cursor,
    }),
  )
  return created({ webhook: view(webhook, row, call) })
}

export const updateWebhook: Operation = async (_, call, { params, body }) => {
  const row = await call.transaction((tx) =>
    tx.rows(webhook).change(params.id!, fieldsFrom(webhook, (body as Body).webhook)),
  )
  return ok({ webhook: view(webhook, row, call) })
}

export const deleteWebhook: Operation = async (_, call, { params }) => {
  await call.transaction(async (tx) => tx.rows(webhook).remove(await tx.rows(webhook).get(params.id!)))
  return noContent()
}
