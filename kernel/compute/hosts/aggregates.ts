// Host aggregates: groups of hosts with metadata, of which `availability_zone` makes a zone.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import { type Input, ok, reply } from '../../../eden/http/request.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { plainTime } from '../links.ts'
import { server } from '../servers/server.ts'
import { speaks } from '../versions/since.ts'
import { type Aggregate, aggregate } from './host.ts'

const rule = (name: string) => `os_compute_api:os-aggregates:${name}`
const beyond = everyone('aggregates belong to the cloud')

const shown = (call: Call, row: Aggregate) => ({
  id: row.number,
  name: row.name,
  availability_zone: row.metadata.availability_zone ?? null,
  hosts: row.hosts,
  metadata: row.metadata,
  created_at: plainTime(row.createdAt),
  updated_at: plainTime(row.updatedAt),
  deleted: false,
  deleted_at: null,
  ...(speaks(call, '2.41') && { uuid: row.id }),
})

async function get(tx: Pick<Transaction, 'rows'>, id: string): Promise<Aggregate> {
  const row = /^\d+$/.test(id) ? await tx.rows(aggregate, beyond).first({ number: Number(id) }) : undefined
  if (!row) throw notFound(`Aggregate ${id} could not be found.`)
  return row
}

async function list(_: ComputeContext, call: Call) {
  const rows = await call.rows(aggregate, beyond).list({ sort: [{ field: 'number' }] })
  return ok({ aggregates: rows.map((row) => shown(call, row)) })
}

const name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const zone = Type.Union([Type.Null(), Type.String({ minLength: 1, maxLength: 255, pattern: '^[^:]*\\S[^:]*$' })])

async function create({ known }: ComputeContext, call: Call, { body }: Input) {
  const given = (body as { aggregate: { name: string; availability_zone?: string | null } }).aggregate
  const row = await call.transaction(async (tx) => {
    const rows = tx.rows(aggregate, beyond)
    if (await rows.first({ name: given.name })) throw conflict(`Aggregate ${given.name} already exists.`)
    const [last] = await rows.list({ sort: [{ field: 'number', descending: true }], limit: 1 })
    return rows.insert({
      id: call.ids.uuid(),
      number: (last?.number ?? 0) + 1,
      name: given.name,
      metadata: given.availability_zone ? { availability_zone: given.availability_zone } : {},
    })
  })
  known.forget()
  const { hosts, metadata, ...view } = shown(call, row)
  return ok({ aggregate: view })
}

async function change(
  { known }: ComputeContext,
  call: Call,
  id: string,
  patch: (row: Aggregate, tx: Transaction) => Promise<Partial<Aggregate>>,
) {
  const row = await call.transaction(async (tx) => {
    const before = await get(tx, id)
    return tx.rows(aggregate, beyond).update(before, await patch(before, tx))
  })
  known.forget()
  return ok({ aggregate: shown(call, row) })
}

async function update(context: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { aggregate: { name?: string; availability_zone?: string | null } }).aggregate
  return change(context, call, params.id!, async (row, tx) => {
    const other = given.name === undefined ? undefined : await tx.rows(aggregate, beyond).first({ name: given.name })
    if (other && other.id !== row.id) throw conflict(`Aggregate ${given.name} already exists.`)
    if (given.availability_zone !== undefined) await checkEmpty(tx, row.hosts)
    return {
      ...(given.name !== undefined && { name: given.name }),
      ...(given.availability_zone !== undefined && {
        metadata: merged(row.metadata, { availability_zone: given.availability_zone }),
      }),
    }
  })
}

/** A zone may not change under servers that were placed in it. */
async function checkEmpty(tx: Transaction, hosts: string[]) {
  if (hosts.length > 0 && (await tx.rows(server, beyond).count({ host: hosts })) > 0)
    throw badRequest('Cannot update aggregate: hosts contain instances, so their availability zone may not change.')
}

const merged = (before: Record<string, string>, given: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...before, ...given }).filter((pair): pair is [string, string] => pair[1] !== null),
  )

async function remove({ known }: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => {
    const row = await get(tx, params.id!)
    if (row.hosts.length > 0) throw badRequest(`Cannot remove aggregate ${row.number}: it still has hosts.`)
    await tx.rows(aggregate, beyond).remove(row)
  })
  known.forget()
  return reply(200)
}

const hostBody = Type.Object({ host: Type.String({ minLength: 1, maxLength: 255 }) }, { additionalProperties: false })
const metadataBody = Type.Object(
  { metadata: Type.Record(Type.String(), Type.Union([Type.Null(), Type.String({ maxLength: 255 })])) },
  { additionalProperties: false },
)

async function act(context: ComputeContext, call: Call, { params, body }: Input) {
  const [action, given] = Object.entries((body ?? {}) as Record<string, unknown>)[0] ?? []
  const id = params.id!
  if (action === 'add_host') {
    call.require(rule('add_host'))
    const { host } = validate(hostBody, given) as { host: string }
    return change(context, call, id, (row, tx) => addHost(context, tx, row, host))
  }
  if (action === 'remove_host') {
    call.require(rule('remove_host'))
    const { host } = validate(hostBody, given) as { host: string }
    return change(context, call, id, async ({ hosts, number }) => {
      if (!hosts.includes(host)) throw notFound(`Aggregate ${number} has no host ${host}.`)
      return { hosts: hosts.filter((one) => one !== host) }
    })
  }
  if (action === 'set_metadata') {
    call.require(rule('set_metadata'))
    const { metadata } = validate(metadataBody, given) as { metadata: Record<string, string | null> }
    return change(context, call, id, async (row, tx) => {
      if ('availability_zone' in metadata) await checkEmpty(tx, row.hosts)
      return { metadata: merged(row.metadata, metadata) }
    })
  }
  throw badRequest(`There is no such action: ${action ?? 'none was given'}`)
}

async function addHost(
  { known }: ComputeContext,
  tx: Transaction,
  row: Aggregate,
  host: string,
): Promise<Partial<Aggregate>> {
  if (!(await known.rows()).some(({ name }) => name === host))
    throw notFound(`Compute host ${host} could not be found.`)
  if (row.hosts.includes(host)) throw conflict(`Host ${host} already in aggregate ${row.number}.`)
  const own = row.metadata.availability_zone
  const other = (await tx.rows(aggregate, beyond).list()).find(
    ({ hosts, metadata }) =>
      hosts.includes(host) && metadata.availability_zone && own && metadata.availability_zone !== own,
  )
  if (other)
    throw conflict(
      `Cannot add host to aggregate ${row.number}: ${host} is in zone ${other.metadata.availability_zone}.`,
    )
  return { hosts: [...row.hosts, host] }
}

const body = (...required: 'name'[]) =>
  Type.Object(
    {
      aggregate: Type.Object(
        { name: required.includes('name') ? name : Type.Optional(name), availability_zone: Type.Optional(zone) },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  )

export const aggregateRoutes: ComputeRoute[] = [
  r('GET', '/os-aggregates', list, { rule: rule('index') }),
  r('POST', '/os-aggregates', create, { rule: rule('create'), body: body('name') }),
  r(
    'GET',
    '/os-aggregates/:id',
    async (_, call, { params }) => ok({ aggregate: shown(call, await get(call, params.id!)) }),
    { rule: rule('show') },
  ),
  r('PUT', '/os-aggregates/:id', update, { rule: rule('update'), body: body() }),
  r('DELETE', '/os-aggregates/:id', remove, { rule: rule('delete') }),
  r('POST', '/os-aggregates/:id/action', act, { body: 'any', actions: ['add_host', 'remove_host', 'set_metadata'] }),
].flat()
