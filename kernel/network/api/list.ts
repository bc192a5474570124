// Lists and single views, the same for all kinds: filters, fields, sorting, marker paging with links.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { type Input, ok, type Reply } from '../../../eden/http/request.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { listOptions, nextPage } from '../../../eden/resource/listing.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import type { NetworkContext } from '../context.ts'
import { type Kind, present } from './kind.ts'

export const list =
  <F>(kind: Kind<F>) =>
  async (context: NetworkContext, call: Call, input: Input): Promise<Reply> => {
    const query = new URLSearchParams(input.queryAll)
    if (query.get('limit') === '0') query.delete('limit')
    const names = Object.keys(kind.filters ?? {}).filter((name) => query.has(name))
    for (const name of [...query.keys()])
      if (query.get(name) === '' && kind.filters?.[name] === undefined && name !== 'name') query.delete(name)
    const options = listOptions(kind.resource, { queryAll: query }, {
      maxLimit: context.config.pageLimit,
      sort: [{ field: 'createdAt' }, { field: 'id' }],
      besides: Object.keys(kind.filters ?? {}),
      strict: true,
      aliases: { tenant_id: 'projectId' },
    } as never)
    const asked = names.map((name) => kind.filters![name]!(query.getAll(name), call))
    const and =
      asked.length > 0 ? (eb: WhereBuilder) => eb.and(asked.map((condition) => condition(eb))) as Condition : undefined
    const isReversed = parseFlag(query.get('page_reverse') ?? 'false') ?? false
    const sort = isReversed ? options.sort?.map((one) => ({ ...one, descending: !one.descending })) : options.sort
    const found = await call.rows(kind.resource).list({ ...options, ...(sort && { sort }), ...(and && { and }) })
    const rows = isReversed ? found.reverse() : found
    const shown = await present(kind, context, call, call, rows)
    const links = linksOf(kind.path, call, input, rows, found.length === options.limit)
    return ok({
      [kind.many]: shown.map((one) => picked(one, input)),
      ...(links.length > 0 && { [`${kind.many}_links`]: links }),
    })
  }

export const show =
  <F>(kind: Kind<F>) =>
  async (context: NetworkContext, call: Call, input: Input): Promise<Reply> => {
    const row = await call.rows(kind.resource).get(input.params.id!)
    const [shown] = await present(kind, context, call, call, [row])
    return ok({ [kind.one]: picked(shown!, input) })
  }

/** Only what `fields` asks for, where it asks. */
export function picked(shown: Record<string, unknown>, input: Pick<Input, 'queryAll'>): Record<string, unknown> {
  const fields = input.queryAll.getAll('fields').filter(Boolean)
  if (fields.length === 0) return shown
  return Object.fromEntries(fields.filter((field) => field in shown).map((field) => [field, shown[field]]))
}

function linksOf(
  path: string,
  call: Call,
  input: Input,
  rows: Record<string, unknown>[],
  isFull: boolean,
): { rel: string; href: string }[] {
  if (rows.length === 0) return []
  const isReversed = parseFlag(input.query.page_reverse ?? 'false') ?? false
  const address = (row: Record<string, unknown>, reverse: boolean) => {
    const query = new URLSearchParams(nextPage(input, String(row.id)))
    query.delete('page_reverse')
    if (reverse) query.set('page_reverse', 'True')
    return `${call.origin}/v2.0/${path}?${query}`
  }
  const links: { rel: string; href: string }[] = []
  const isPaged = input.queryAll.has('marker') || isFull
  if (!isPaged) return []
  if (isReversed ? input.queryAll.has('marker') : isFull)
    links.push({ rel: 'next', href: address(rows.at(-1)!, false) })
  if (isReversed ? isFull : input.queryAll.has('marker')) links.push({ rel: 'previous', href: address(rows[0]!, true) })
  return links
}

/** @throws 400 where the body is not `{"network": {…}}`. */
export function bodyObject(body: unknown, name: string): Record<string, unknown> {
  const inner = (body as Record<string, unknown> | undefined)?.[name]
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner))
    throw badRequest(`Unable to find '${name}' in request body`)
  return inner as Record<string, unknown>
}
