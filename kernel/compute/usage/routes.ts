// os-simple-tenant-usage: how long servers of which size a project had, counted from the rows of living and deleted ones.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { time } from '../../../eden/resource/fields.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { atLeast, atMost } from '../../../eden/store/where.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { type DeletedServer, deletedServer, type Server, server } from '../servers/server.ts'

const rule = (name: string) => `os_compute_api:os-simple-tenant-usage:${name}`
const beyond = everyone('usage of the project that the rule was checked for')
const hourMs = 3_600_000

interface Period {
  start: number
  end: number
}

function periodOf(call: Call, query: Record<string, string>): Period {
  const at = (name: string, fallback: number) => {
    if (query[name] === undefined) return fallback
    const parsed = time().parse(query[name])
    if (parsed === undefined) throw badRequest(`Invalid datetime string: ${query[name]}`)
    return Date.parse(parsed)
  }
  const end = at('end', call.clock.now())
  const start = at('start', end - 28 * 24 * hourMs)
  if (start > end) throw badRequest('Invalid start time. The start time cannot occur after the end time.')
  return { start, end }
}

async function rowsOf(call: Call, { start, end }: Period, projectId?: string): Promise<(Server | DeletedServer)[]> {
  const where = { createdAt: atMost(new Date(end).toISOString()), ...(projectId !== undefined && { projectId }) }
  return [
    ...(await call.rows(server, beyond).list({ where, sort: [{ field: 'createdAt' }] })),
    ...(await call
      .rows(deletedServer, beyond)
      .list({ where: { ...where, deletedAt: atLeast(new Date(start).toISOString()) } })),
  ]
}

const micro = (ms: number) => `${new Date(ms).toISOString().slice(0, 23)}000`

function usageOf(call: Call, row: Server | DeletedServer, { start, end }: Period) {
  const deletedAt = 'deletedAt' in row ? (row.deletedAt as string) : null
  const from = Math.max(start, Date.parse(row.launchedAt ?? row.createdAt))
  const to = Math.min(end, deletedAt === null ? call.clock.now() : Date.parse(deletedAt))
  const hours = row.launchedAt === null ? 0 : Math.max(0, to - from) / hourMs
  return {
    name: row.name,
    instance_id: row.id,
    tenant_id: row.projectId,
    flavor: row.flavor.name,
    vcpus: row.vcpus,
    memory_mb: row.memoryMiB,
    local_gb: row.flavor.diskGiB + row.flavor.ephemeralGiB,
    hours,
    started_at: micro(Date.parse(row.launchedAt ?? row.createdAt)),
    ended_at: deletedAt === null ? null : micro(Date.parse(deletedAt)),
    state: deletedAt === null ? row.state : 'terminated',
    uptime: Math.max(
      0,
      Math.floor(
        ((deletedAt === null ? call.clock.now() : Date.parse(deletedAt)) -
          Date.parse(row.launchedAt ?? row.createdAt)) /
          1000,
      ),
    ),
  }
}

function summed(call: Call, projectId: string, rows: (Server | DeletedServer)[], period: Period, isDetailed: boolean) {
  const all = rows.map((row) => usageOf(call, row, period))
  const sum = (value: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + value(one), 0)
  return {
    tenant_id: projectId,
    start: micro(period.start),
    stop: micro(period.end),
    total_hours: sum(({ hours }) => hours),
    total_vcpus_usage: sum(({ hours, vcpus }) => hours * vcpus),
    total_memory_mb_usage: sum(({ hours, memory_mb }) => hours * memory_mb),
    total_local_gb_usage: sum(({ hours, local_gb }) => hours * local_gb),
    ...(isDetailed && { server_usages: all }),
  }
}

async function list(_: ComputeContext, call: Call, { query }: Input) {
  const period = periodOf(call, query)
  const byProject = new Map<string, (Server | DeletedServer)[]>()
  for (const row of await rowsOf(call, period))
    byProject.set(row.projectId, [...(byProject.get(row.projectId) ?? []), row])
  const isDetailed = query.detailed === '1'
  return ok({ tenant_usages: [...byProject].map(([id, rows]) => summed(call, id, rows, period, isDetailed)) })
}

async function show(_: ComputeContext, call: Call, { params, query }: Input) {
  call.require(rule('show'), { project_id: params.id })
  const period = periodOf(call, query)
  const rows = await rowsOf(call, period, params.id!)
  return ok({ tenant_usage: rows.length === 0 ? {} : summed(call, params.id!, rows, period, true) })
}

export const usageRoutes: ComputeRoute[] = [
  r('GET', '/os-simple-tenant-usage', list, { rule: rule('list') }),
  r('GET', '/os-simple-tenant-usage/:id', show),
].flat()
