// GET /servers and /servers/detail: filters, order and pages as Nova has them.
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { parseFlag, time } from '../../../eden/resource/fields.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { atLeast, atMost, type Where } from '../../../eden/store/where.ts'
import type { ComputeContext } from '../context.ts'
import { pageLinks } from '../links.ts'
import { speaks } from '../versions/since.ts'
import { besideOf } from './beside.ts'
import { type DeletedServer, deletedServer, type Server, server, statesOf } from './server.ts'
import { serverName, serverView } from './view.ts'

/** What anybody may filter by; the rest is for operators and passed over for others. */
const open: Record<string, keyof Server & string> = {
  name: 'name',
  reservation_id: 'reservationId',
  image: 'imageId',
  flavor: 'flavorId',
  key_name: 'keyName',
  uuid: 'id',
  locked: 'isLocked',
  hostname: 'hostname',
}
const openSince: Record<string, string> = { locked: '2.73' }
const operators: Record<string, keyof Server & string> = {
  host: 'host',
  node: 'host',
  user_id: 'userId',
  project_id: 'projectId',
  tenant_id: 'projectId',
  vm_state: 'state',
  task_state: 'task',
  power_state: 'power',
  availability_zone: 'zone',
  launch_index: 'launchIndex',
  config_drive: 'hasConfigDrive',
  access_ip_v4: 'accessIpv4',
  access_ip_v6: 'accessIpv6',
  description: 'description',
  root_device_name: 'rootDevice',
}
const anybodySince283 = new Set([
  'availability_zone',
  'config_drive',
  'key_name',
  'created_at',
  'launched_at',
  'power_state',
  'task_state',
  'vm_state',
  'user_id',
  'terminated_at',
  'progress',
])

const sortAliases: Record<string, keyof Server & string> = {
  uuid: 'id',
  display_name: 'name',
  display_description: 'description',
  instance_type_id: 'flavorId',
  image_ref: 'imageId',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  launched_at: 'launchedAt',
  project_id: 'projectId',
  user_id: 'userId',
  locked: 'isLocked',
  key_name: 'keyName',
  vm_state: 'state',
  task_state: 'task',
  power_state: 'power',
  availability_zone: 'zone',
  config_drive: 'hasConfigDrive',
  host: 'host',
  node: 'host',
  hostname: 'hostname',
  access_ip_v4: 'accessIpv4',
  access_ip_v6: 'accessIpv6',
  launch_index: 'launchIndex',
  root_device_name: 'rootDevice',
}

/** All that the short list shows and its links need. */
const nameFields = ['id', 'name'] as const

interface Asked {
  where: Where<Server>
  /** What SQL does not say. */
  also: ((row: Server) => boolean)[]
  /** Rows of deleted servers, and of living ones. */
  wantsDeleted: boolean
  wantsLiving: boolean
  nothingFits: boolean
}

export const listServers = (isDetailed: boolean) => async (context: ComputeContext, call: Call, input: Input) => {
  const { config } = context
  const rule = `os_compute_api:servers:${isDetailed ? 'detail' : 'index'}`
  call.require(rule)
  const asked = filtersOf(call, input, rule)
  const options = listOptions(
    server,
    { queryAll: pagingOf(input.queryAll) },
    {
      maxLimit: config.maxLimit,
      sort: [{ field: 'createdAt', descending: true }],
      aliases: sortAliases,
    },
  )
  const { limit } = options
  const rows = asked.nothingFits ? [] : await page(call, asked, isDetailed, options)
  const shown = isDetailed
    ? await besideOf(context, call, rows).then((beside) => rows.map((row) => detailed(call, row, beside(row))))
    : rows.map((row) => serverName(call, row))
  return ok({
    servers: shown,
    ...(limit > 0 &&
      pageLinks(call, input, { path: isDetailed ? 'servers/detail' : 'servers', name: 'servers', limit, items: rows })),
  })
}

function detailed(call: Call, row: Server, beside: Parameters<typeof serverView>[2]) {
  const view = serverView(call, row, beside)
  const deletedAt = (row as DeletedServer).deletedAt
  if (deletedAt === undefined) return view
  return {
    ...view,
    status: 'DELETED',
    'OS-EXT-STS:vm_state': 'deleted',
    'OS-EXT-STS:task_state': null,
    'OS-SRV-USG:terminated_at': `${deletedAt.slice(0, 23)}000`,
  }
}

async function page(
  call: Call,
  asked: Asked,
  isDetailed: boolean,
  options: ReturnType<typeof listOptions<typeof server.fields>>,
): Promise<Server[]> {
  const { where, also, wantsDeleted, wantsLiving } = asked
  const { marker, limit } = options
  const living = call.rows(server)
  if (marker !== undefined && !(await living.find(marker)) && !(await call.rows(deletedServer).find(marker)))
    throw badRequest(`marker [${marker}] not found`)
  const isPlain = also.length === 0 && !wantsDeleted
  if (isPlain) return living.list({ ...options, where, ...(isDetailed ? {} : { fields: nameFields }) })
  const { marker: _, limit: __, ...unpaged } = options
  let rows: Server[] = wantsLiving ? await living.list({ ...unpaged, where }) : []
  if (wantsDeleted) {
    const gone = await call
      .rows(deletedServer)
      .list({ where: where as Where<DeletedServer>, sort: [{ field: 'deletedAt', descending: true }] })
    rows = [...rows, ...gone]
  }
  rows = rows.filter((row) => also.every((fits) => fits(row)))
  if (marker !== undefined) rows = rows.slice(rows.findIndex(({ id }) => id === marker) + 1)
  return rows.slice(0, limit)
}

function pagingOf(query: URLSearchParams): URLSearchParams {
  const paging = new URLSearchParams()
  for (const name of ['limit', 'marker', 'sort_key', 'sort_dir'])
    for (const value of query.getAll(name)) paging.append(name, value)
  return paging
}

function filtersOf(call: Call, { query, queryAll }: Input, rule: string): Asked {
  const isOperator = call.allows('os_compute_api:servers:allow_all_filters')
  const where: Where<Server> = {}
  const also: Asked['also'] = []
  const all = query.all_tenants
  const wantsAll = all !== undefined && (all === '' || wordOf('all_tenants', all))
  if (wantsAll) {
    if (!call.allows(`${rule}:get_all_tenants`))
      throw forbidden(`Policy doesn't allow ${rule}:get_all_tenants to be performed.`)
  } else where.projectId = call.projectId
  const asked: Asked = { where, also, wantsDeleted: false, wantsLiving: true, nothingFits: false }
  for (const name of new Set(queryAll.keys())) {
    const values = queryAll.getAll(name)
    const value = values.at(-1)!
    const isOpen = name in open && (!openSince[name] || speaks(call, openSince[name]))
    const mayFilter = isOpen || isOperator || (speaks(call, '2.83') && anybodySince283.has(name))
    const field = isOpen ? open[name] : mayFilter ? operators[name] : undefined
    if (name === 'name') also.push(matches(value, (row) => [row.name]))
    else if ((name === 'project_id' || name === 'tenant_id') && !wantsAll) continue
    else if (field) setField(where, field, name, value)
  }
  if (query.ip) also.push(matches(query.ip, (row) => addresses(row, '.')))
  if (query.ip6) also.push(matches(query.ip6, (row) => addresses(row, ':')))
  statusFilter(asked, queryAll.getAll('status'), isOperator)
  timeFilters(asked, call, query, isOperator)
  tagFilters(also, call, query)
  return asked
}

function setField(where: Where<Server>, field: keyof Server & string, name: string, value: string) {
  const parsed = server.byField.get(field)!.type.parse(value)
  if (parsed === undefined) throw badRequest(`Invalid filter value of ${name}: '${value}'`)
  Object.assign(where, { [field]: parsed })
}

const wordOf = (name: string, value: string): boolean => {
  const parsed = parseFlag(value)
  if (parsed === undefined) throw badRequest(`Invalid value '${value}' for ${name}: true or false is needed.`)
  return parsed
}

const addresses = ({ nics }: Server, mark: string) =>
  nics.flatMap(({ fixedIps }) => fixedIps.map(({ ip_address }) => ip_address)).filter((one) => one.includes(mark))

function matches(pattern: string, textsOf: (row: Server) => string[]): (row: Server) => boolean {
  let expression: RegExp
  try {
    expression = new RegExp(pattern)
  } catch (cause) {
    throw badRequest(`'${pattern}' is no regular expression.`, { cause })
  }
  return (row) => textsOf(row).some((one) => expression.test(one))
}

function statusFilter(asked: Asked, values: string[], isOperator: boolean) {
  if (values.length === 0) return
  const wanted = values.map((value) => statesOf(value))
  const isDeleted = values.some((value) => /^(deleted|soft_deleted)$/i.test(value))
  if (isDeleted) {
    if (!isOperator) throw forbidden('Only administrators may list deleted instances')
    asked.wantsDeleted = true
    asked.wantsLiving = wanted.some((one) => one !== undefined)
  }
  const known = wanted.filter((one) => one !== undefined)
  if (known.length === 0 && !isDeleted) asked.nothingFits = true
  const plain = known.filter(({ tasks }) => !tasks).flatMap(({ states }) => states)
  if (known.length > 0)
    asked.also.push((row) => {
      if ('deletedAt' in row) return isDeleted
      return (
        (plain.includes(row.state) && !['rebooting', 'rebooting_hard', 'rebuilding'].includes(row.task ?? '')) ||
        known.some(({ tasks, states }) => tasks?.includes(row.task ?? '') && states.includes(row.state))
      )
    })
}

function timeFilters(asked: Asked, call: Call, query: Record<string, string>, isOperator: boolean) {
  const at = (name: string) => {
    const value = query[name]
    if (value === undefined) return undefined
    const parsed = /^\d{4}-\d{2}-\d{2}/.test(value) ? time().parse(value) : undefined
    if (parsed === undefined) throw badRequest(`Invalid input for query parameters ${name}. Value: ${value}.`)
    return parsed
  }
  const since = at('changes-since')
  const before = speaks(call, '2.66') ? at('changes-before') : undefined
  const changedAt = (row: Server) => (row as DeletedServer).deletedAt ?? row.updatedAt ?? row.createdAt
  if (since !== undefined) asked.also.push((row) => changedAt(row) >= since)
  if (before !== undefined) asked.also.push((row) => changedAt(row) <= before)
  if (since !== undefined || before !== undefined) asked.wantsDeleted = true
  if (query.deleted !== undefined && isOperator) {
    asked.wantsDeleted = wordOf('deleted', query.deleted)
    asked.wantsLiving = !asked.wantsDeleted
  }
  if (isOperator && query.created_at) asked.where.createdAt = atLeast(at('created_at')!)
  if (isOperator && query.launched_at) asked.where.launchedAt = atMost(at('launched_at')!)
}

function tagFilters(also: Asked['also'], call: Call, query: Record<string, string>) {
  if (!speaks(call, '2.26')) return
  const tags = (name: string) => query[name]?.split(',')
  const [every, any, notEvery, notAny] = [tags('tags'), tags('tags-any'), tags('not-tags'), tags('not-tags-any')]
  if (every) also.push((row) => every.every((tag) => row.tags.includes(tag)))
  if (any) also.push((row) => any.some((tag) => row.tags.includes(tag)))
  if (notEvery) also.push((row) => !notEvery.every((tag) => row.tags.includes(tag)))
  if (notAny) also.push((row) => !notAny.some((tag) => row.tags.includes(tag)))
}

export const seesDeleted = everyone('usage counts what was deleted as well')
