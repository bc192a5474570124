// Lists with Keystone's filters: `name=x`, `name__contains=x` and its relatives, `limit` and `marker`.
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import type { Input } from '../../../eden/http/request.ts'
import { nextPage } from '../../../eden/resource/listing.ts'
import type { Resource, Row } from '../../../eden/resource/resource.ts'
import type { Rows } from '../../../eden/store/rows.ts'
import type { Condition, Where, WhereBuilder } from '../../../eden/store/where.ts'

type R<F> = Row<Resource<F>> & Record<string, unknown>

type Compare = (column: RawBuilder<string>, text: string) => RawBuilder<SqlBool>

// Neither `like` nor `instr` means the same on both databases; these do, and need no escaping.
const contains: Compare = (column, text) => sql`replace(${column}, ${text}, '') <> ${column}`
const startsWith: Compare = (column, text) => sql`substr(${column}, 1, ${sql.lit(text.length)}) = ${text}`
const endsWith: Compare = (column, text) =>
  sql`length(${column}) >= ${sql.lit(text.length)} and substr(${column}, length(${column}) - ${sql.lit(text.length)} + 1) = ${text}`

/** Comparisons after `__`; those with an i pass over upper and lower case. Source: Identity API reference, Filtering. */
const comparisons: Record<string, Compare> = {
  contains,
  startswith: startsWith,
  endswith: endsWith,
}

export interface Page<F> {
  rows: R<F>[]
  /** Query of the next page. */
  next: string | undefined
}

/**
 * The rows that the request asks for. Unknown parameters are passed over, as Keystone does.
 * @param fixed conditions besides the request's filters.
 */
export async function pageOf<F>(
  call: Call,
  resource: Resource<F>,
  input: Pick<Input, 'queryAll'>,
  fixed: Where<R<F>> = {},
  and?: (eb: WhereBuilder) => Condition,
): Promise<Page<F>> {
  const { queryAll } = input
  const where: Record<string, unknown> = {}
  const words: RawBuilder<SqlBool>[] = []
  for (const name of new Set(queryAll.keys())) {
    const [wire, word] = name.split('__') as [string, string | undefined]
    const column = resource.byWire.get(wire)
    if (!column || column.type.filter === false || column.type.secret || column.type.hidden) continue
    const text = queryAll.get(name)!
    if (word !== undefined) {
      const reference = sql<string>`${sql.ref(`${resource.table}.${column.column}`)}`
      const isCaseless = word.startsWith('i')
      const compare = comparisons[isCaseless ? word.slice(1) : word]
      if (compare && isCaseless) words.push(compare(sql`lower(${reference})`, text.toLowerCase()))
      else if (compare) words.push(compare(reference, text))
      continue
    }
    // An empty flag counts as true: `?enabled`.
    const value = text === '' && column.type.storage === 'integer' ? true : column.type.parse(text)
    if (value === undefined) throw badRequest(`'${text}' is not a valid value of the filter '${name}'.`)
    where[column.field] = value
  }
  const limit = limitOf(queryAll.get('limit'))
  const marker = queryAll.get('marker')
  const rows = await (call.rows(resource) as Rows<F, R<F>>).list({
    where: { ...where, ...fixed } as Where<R<F>>,
    ...((words.length > 0 || and) && {
      and: (eb: WhereBuilder) => eb.and([...words, ...(and ? [and(eb)] : [])]) as Condition,
    }),
    ...(limit !== undefined && { limit: limit + 1 }),
    ...(marker && { marker }),
  })
  if (limit === undefined || rows.length <= limit) return { rows, next: undefined }
  return { rows: rows.slice(0, limit), next: nextPage(input, String(rows[limit - 1]!.id)) }
}

function limitOf(text: string | null): number | undefined {
  if (text === null) return undefined
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw badRequest(`Invalid input for query parameters limit: '${text}' is not a whole number above 0.`)
  return Number(text)
}
