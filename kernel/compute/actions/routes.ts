// What was done to a server, as Nova's clients ask for it; known for deleted servers as well from 2.21 on.
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { time } from '../../../eden/resource/fields.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { links, plainTime } from '../links.ts'
import { deletedServer, server } from '../servers/server.ts'
import { hostIdOf } from '../servers/view.ts'
import { speaks } from '../versions/since.ts'
import { type ServerAction, serverAction } from './action.ts'

const rule = (name: string) => `os_compute_api:os-instance-actions:${name}`

const shown = (call: Call, row: ServerAction) => ({
  action: row.action,
  instance_uuid: row.serverId,
  request_id: row.requestId,
  user_id: row.userId,
  project_id: row.projectId,
  start_time: plainTime(row.startedAt),
  message: row.message,
  ...(speaks(call, '2.58') && { updated_at: plainTime(row.changedAt) }),
})

async function checkServer(call: Call, id: string, ruleName: string): Promise<void> {
  const row =
    (await call.rows(server).find(id)) ?? (speaks(call, '2.21') ? await call.rows(deletedServer).find(id) : undefined)
  if (!row) throw notFound(`Instance ${id} could not be found.`)
  call.require(rule(ruleName), row)
}

async function list({ config }: ComputeContext, call: Call, { params, query, queryAll }: Input) {
  await checkServer(call, params.id!, 'list')
  let rows = await call
    .rows(serverAction)
    .list({ where: { serverId: params.id! }, sort: [{ field: 'startedAt', descending: true }] })
  if (!speaks(call, '2.58')) return ok({ instanceActions: rows.map((row) => shown(call, row)) })
  const at = (name: string) => {
    if (query[name] === undefined) return undefined
    const parsed = time().parse(query[name])
    if (!parsed) throw badRequest(`Invalid input for query parameters ${name}. Value: ${query[name]}.`)
    return parsed
  }
  const [since, before] = [at('changes-since'), speaks(call, '2.66') ? at('changes-before') : undefined]
  rows = rows.filter(({ changedAt }) => (!since || changedAt >= since) && (!before || changedAt <= before))
  if (query.marker !== undefined) {
    const index = rows.findIndex(({ requestId }) => requestId === query.marker)
    if (index < 0) throw badRequest(`marker [${query.marker}] not found`)
    rows = rows.slice(index + 1)
  }
  const limit = Math.min(Number(query.limit ?? config.maxLimit), config.maxLimit)
  const page = rows.slice(0, limit)
  const next = new URLSearchParams(queryAll)
  next.set('marker', page.at(-1)?.requestId ?? '')
  return ok({
    instanceActions: page.map((row) => shown(call, row)),
    ...(rows.length > page.length && {
      links: [{ rel: 'next', href: `${links(call, `servers/${params.id}/os-instance-actions`)[0]!.href}?${next}` }],
    }),
  })
}

async function show(_: ComputeContext, call: Call, { params }: Input) {
  await checkServer(call, params.id!, 'show')
  const [row] = await call
    .rows(serverAction)
    .list({ where: { serverId: params.id!, requestId: params.request! }, limit: 1 })
  if (!row) throw notFound(`Action for request_id ${params.request} on instance ${params.id} not found`)
  const seesEvents = call.allows(rule('events'), row)
  const events = row.events.map(({ start_time, finish_time, details, traceback, ...event }) => ({
    ...event,
    start_time: plainTime(start_time),
    finish_time: plainTime(finish_time),
    ...(seesEvents && { traceback }),
    ...(speaks(call, '2.62') && row.host !== null && { hostId: hostIdOf(row), ...(seesEvents && { host: row.host }) }),
    ...(speaks(call, '2.84') && { details: call.allows(rule('events:details'), row) ? (details ?? null) : null }),
  }))
  return ok({
    instanceAction: { ...shown(call, row), ...((seesEvents || speaks(call, '2.51')) && { events }) },
  })
}

export const actionRoutes: ComputeRoute[] = [
  r('GET', '/servers/:id/os-instance-actions', list),
  r('GET', '/servers/:id/os-instance-actions/:request', show),
].flat()
