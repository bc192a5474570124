// Hypervisors as Nova shows them: numbers up to 2.52, UUIDs from 2.53; capacity moved to placement with 2.88.
import { uptime } from 'node:os'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { pageLinks } from '../links.ts'
import { instanceName, type Server, server } from '../servers/server.ts'
import { speaks } from '../versions/since.ts'
import type { ComputeHost } from './host.ts'
import { type HostUsage, usageByHost, usageOf } from './known.ts'

const rule = (name: string) => `os_compute_api:os-hypervisors:${name}`
const beyond = everyone('operators see all servers of a host')

/** A number that stays the same for a host, for clients older than 2.53. */
export const numberOf = (id: string) => Number.parseInt(id.replaceAll('-', '').slice(0, 7), 16) + 1

const idOf = (call: Call, host: ComputeHost) => (speaks(call, '2.53') ? host.id : numberOf(host.id))

const brief = ({ known }: ComputeContext, call: Call, host: ComputeHost) => ({
  id: idOf(call, host),
  hypervisor_hostname: host.name,
  state: known.isUp(host) ? 'up' : 'down',
  status: host.isDisabled ? 'disabled' : 'enabled',
})

const cpuInfo = (host: ComputeHost) => ({
  arch: host.architecture,
  model: host.cpuModel,
  vendor: '',
  features: host.traits,
  topology: { sockets: 1, cores: host.vcpus, threads: 1 },
})

function detailed(context: ComputeContext, call: Call, host: ComputeHost, used: HostUsage) {
  const info = cpuInfo(host)
  return {
    ...brief(context, call, host),
    host_ip: '127.0.0.1',
    hypervisor_type: host.hypervisorType,
    hypervisor_version: host.hypervisorVersion,
    service: {
      id: speaks(call, '2.53') ? host.serviceId : numberOf(host.serviceId),
      host: host.name,
      disabled_reason: host.disabledReason,
    },
    ...(!speaks(call, '2.88') && {
      vcpus: host.vcpus,
      memory_mb: host.memoryMiB,
      local_gb: host.diskGiB,
      ...amounts(host, used),
      cpu_info: speaks(call, '2.28') ? info : JSON.stringify(info),
    }),
    ...(speaks(call, '2.88') && { uptime: uptimeText(context, host) }),
  }
}

const amounts = (host: ComputeHost, used: HostUsage) => ({
  vcpus_used: used.vcpus,
  memory_mb_used: used.memoryMiB,
  local_gb_used: used.diskGiB,
  free_ram_mb: host.memoryMiB - used.memoryMiB,
  free_disk_gb: host.diskGiB - used.diskGiB,
  disk_available_least: host.diskGiB - used.diskGiB,
  current_workload: 0,
  running_vms: used.servers,
})

const uptimeText = ({ known }: ComputeContext, host: ComputeHost) => {
  if (!known.isUp(host)) return null
  const minutes = Math.floor(uptime() / 60)
  const clock = `${Math.floor(minutes / 60) % 24}:${String(minutes % 60).padStart(2, '0')}`
  return ` up ${Math.floor(minutes / 1440)} days, ${clock}`
}

const withServers = (hosts: ComputeHost[], call: Call): Promise<Server[]> =>
  call.rows(server, beyond).list({ where: { host: hosts.map(({ name }) => name) } })

const serversIn = (all: Server[], host: ComputeHost) =>
  all.filter((one) => one.host === host.name).map((one) => ({ uuid: one.id, name: instanceName(one) }))

async function page(context: ComputeContext, call: Call, input: Input) {
  const { query } = input
  let rows = await context.known.rows()
  const pattern = speaks(call, '2.53') ? query.hypervisor_hostname_pattern : undefined
  if (pattern !== undefined) {
    rows = rows.filter(({ name }) => name.includes(pattern))
    if (rows.length === 0) throw notFound(`No hypervisor matching '${pattern}' could be found.`)
  }
  if (!speaks(call, '2.33')) return { rows, limit: rows.length + 1 }
  if (query.limit !== undefined && !/^\d+$/.test(query.limit))
    throw badRequest(`Invalid input for query parameters limit. Value: ${query.limit}.`)
  const limit = Math.min(Number(query.limit ?? context.config.maxLimit), context.config.maxLimit)
  if (query.marker !== undefined) {
    const at = rows.findIndex((host) => String(idOf(call, host)) === query.marker)
    if (at < 0) throw badRequest(`marker [${query.marker}] not found`)
    rows = rows.slice(at + 1)
  }
  return { rows: rows.slice(0, limit), limit }
}

const list = (isDetailed: boolean) => async (context: ComputeContext, call: Call, input: Input) => {
  const { rows, limit } = await page(context, call, input)
  const used = isDetailed ? await usageByHost(call.ground.store.reads(call)) : new Map()
  const wantsServers = speaks(call, '2.53') && parseFlag(input.query.with_servers ?? 'false') === true
  const servers = wantsServers ? await withServers(rows, call) : []
  const hypervisors = rows.map((host) => {
    const mine = wantsServers ? serversIn(servers, host) : []
    return {
      ...(isDetailed ? detailed(context, call, host, usageOf(used, host.name)) : brief(context, call, host)),
      ...(wantsServers && mine.length > 0 && { servers: mine }),
    }
  })
  const items = rows.map((host) => ({ id: String(idOf(call, host)) }))
  const path = isDetailed ? 'os-hypervisors/detail' : 'os-hypervisors'
  return ok({ hypervisors, ...(limit > 0 && pageLinks(call, input, { path, name: 'hypervisors', limit, items })) })
}

async function find({ known }: ComputeContext, call: Call, id: string): Promise<ComputeHost> {
  const host = (await known.rows()).find((one) => String(idOf(call, one)) === id)
  if (!host) throw notFound(`Compute host ${id} could not be found.`)
  return host
}

async function show(context: ComputeContext, call: Call, { params, query }: Input) {
  const host = await find(context, call, params.id!)
  const used = await usageByHost(call.ground.store.reads(call))
  const wantsServers = speaks(call, '2.53') && parseFlag(query.with_servers ?? 'false') === true
  const mine = wantsServers ? serversIn(await withServers([host], call), host) : []
  return ok({
    hypervisor: {
      ...detailed(context, call, host, usageOf(used, host.name)),
      ...(mine.length > 0 && { servers: mine }),
    },
  })
}

async function showUptime(context: ComputeContext, call: Call, { params }: Input) {
  const host = await find(context, call, params.id!)
  return ok({ hypervisor: { ...brief(context, call, host), uptime: uptimeText(context, host) ?? '' } })
}

async function statistics(context: ComputeContext, call: Call) {
  const hosts = await context.known.rows()
  const used = await usageByHost(call.ground.store.reads(call))
  const total: Record<string, number> = {
    count: hosts.length,
    vcpus: 0,
    memory_mb: 0,
    local_gb: 0,
    ...amounts({ memoryMiB: 0, diskGiB: 0 } as ComputeHost, usageOf(new Map(), '')),
  }
  for (const host of hosts) {
    const one = {
      vcpus: host.vcpus,
      memory_mb: host.memoryMiB,
      local_gb: host.diskGiB,
      ...amounts(host, usageOf(used, host.name)),
    }
    for (const [name, value] of Object.entries(one)) total[name] = (total[name] ?? 0) + value
  }
  return ok({ hypervisor_statistics: total })
}

const matching =
  (wantsServers: boolean) =>
  async (context: ComputeContext, call: Call, { params }: Input) => {
    const rows = (await context.known.rows()).filter(({ name }) => name.includes(params.id!))
    if (rows.length === 0) throw notFound(`No hypervisor matching '${params.id}' could be found.`)
    const servers = wantsServers ? await withServers(rows, call) : []
    return ok({
      hypervisors: rows.map((host) => {
        const mine = serversIn(servers, host)
        return { ...brief(context, call, host), ...(mine.length > 0 && { servers: mine }) }
      }),
    })
  }

export const hypervisorRoutes: ComputeRoute[] = [
  r('GET', '/os-hypervisors', list(false), { rule: rule('list') }),
  r('GET', '/os-hypervisors/detail', list(true), { rule: rule('list-detail') }),
  r('GET', '/os-hypervisors/statistics', statistics, { rule: rule('statistics'), until: '2.87' }),
  r('GET', '/os-hypervisors/:id', show, { rule: rule('show') }),
  r('GET', '/os-hypervisors/:id/uptime', showUptime, { rule: rule('uptime'), until: '2.87' }),
  r('GET', '/os-hypervisors/:id/search', matching(false), { rule: rule('search'), until: '2.52' }),
  r('GET', '/os-hypervisors/:id/servers', matching(true), { rule: rule('servers'), until: '2.52' }),
].flat()
