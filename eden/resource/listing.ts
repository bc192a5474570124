// Lists as OpenStack asks for them: filters by wire name, sort keys, marker and limit, and the links between pages.
import { badRequest } from '../errors.ts'
import type { Input } from '../http/request.ts'
import type { ListOptions } from '../store/rows.ts'
import { atLeast, atMost, type Comparison, greaterThan, lessThan, noneOf, not } from '../store/where.ts'
import type { Resource, Row } from './resource.ts'

export interface ListingRules<R> {
  /** Items of a page at the most, and where the caller names no limit. */
  maxLimit: number
  /** Sort order where the caller names none. */
  sort: { field: keyof R & string; descending?: boolean }[]
  /** Query parameters that are no filters of the resource, so they are left to the operation. */
  besides?: readonly string[]
  /** Are unknown parameters refused, or passed over? Passed over unless told. */
  strict?: boolean
  /** Field by wire name, where a filter is called otherwise than the field: `tenant_id`. */
  aliases?: Record<string, keyof R & string>
  /** Understands `gt:…`, `in:a,b` and so on, as Glance and Neutron do. */
  operators?: boolean
}

const paging = new Set([
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_keys',
  'sort_dir',
  'sort_dirs',
  'page_reverse',
  'fields',
  'offset',
])

/**
 * What a list request asks for.
 * @throws 400 for a limit, sort key or filter value that cannot be meant.
 */
export function listOptions<F>(
  resource: Resource<F>,
  input: Pick<Input, 'queryAll'>,
  rules: ListingRules<Row<Resource<F>>>,
): ListOptions<Row<Resource<F>> & Record<string, unknown>> & { limit: number } {
  type R = Row<Resource<F>> & Record<string, unknown>
  const { queryAll } = input
  const of = resource as unknown as Resource<never>
  const marker = queryAll.get('marker') ?? undefined
  return {
    where: filtersOf(of, queryAll, rules) as ListOptions<R>['where'],
    sort: sortOf(of, queryAll, rules) as ListOptions<R>['sort'],
    limit: limitOf(queryAll, rules.maxLimit),
    ...(marker && { marker }),
    ...(queryAll.has('offset') && { offset: wholeNumber('offset', queryAll.get('offset')!) }),
  }
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw badRequest(`Invalid input for query parameters ${name}: '${value}' is not a whole number of 0 or more.`)
  return Number(value)
}

function limitOf(query: URLSearchParams, max: number): number {
  const given = query.get('limit')
  return given === null ? max : Math.min(wholeNumber('limit', given), max)
}

function sortOf<R>(resource: Resource<never>, query: URLSearchParams, rules: ListingRules<R>) {
  const pairs = (query.get('sort') ?? '')
    .split(',')
    .filter(Boolean)
    .map((part) => part.split(':') as [string, string | undefined])
  const keys = [...query.getAll('sort_key'), ...query.getAll('sort_keys')]
  const directions = [...query.getAll('sort_dir'), ...query.getAll('sort_dirs')]
  for (const [index, key] of keys.entries()) pairs.push([key, directions[index] ?? directions[0]])
  if (pairs.length === 0) return rules.sort
  return pairs.map(([key, direction = 'asc']) => {
    if (direction !== 'asc' && direction !== 'desc')
      throw badRequest(`Sort direction '${direction}' must be 'asc' or 'desc'.`)
    const field = rules.aliases?.[key] ?? resource.byWire.get(key)?.field
    const column = field === undefined ? undefined : resource.byField.get(field as string)
    if (!column || column.type.secret || column.type.hidden) throw badRequest(`Sort key '${key}' is not supported.`)
    return { field: column.field, descending: direction === 'desc' }
  })
}

function filtersOf<R>(resource: Resource<never>, query: URLSearchParams, rules: ListingRules<R>) {
  const where: Record<string, unknown> = {}
  for (const name of new Set(query.keys())) {
    if (paging.has(name) || rules.besides?.includes(name)) continue
    const field = rules.aliases?.[name] ?? resource.byWire.get(name)?.field
    const column = field === undefined ? undefined : resource.byField.get(field as string)
    if (!column || column.type.filter === false || column.type.secret || column.type.hidden) {
      if (rules.strict) throw badRequest(`'${name}' is no filter of ${resource.plural}.`)
      continue
    }
    const values = query
      .getAll(name)
      .map((text) => filterValue(name, text, column.type.parse, rules.operators ?? false))
    where[column.field] = values.length === 1 ? values[0] : values
  }
  return where
}

const comparisons: Record<string, (value: unknown) => Comparison> = {
  gt: greaterThan,
  gte: atLeast,
  lt: lessThan,
  lte: atMost,
  neq: not,
}

function filterValue(name: string, text: string, parse: (text: string) => unknown, operators: boolean): unknown {
  const one = (value: string) => {
    const parsed = parse(value)
    if (parsed === undefined) throw badRequest(`'${value}' is not a valid value of the filter '${name}'.`)
    return parsed
  }
  const colon = operators ? text.indexOf(':') : -1
  const operator = text.slice(0, Math.max(colon, 0))
  if (operator === 'eq') return one(text.slice(colon + 1))
  if (operator === 'in')
    return text
      .slice(colon + 1)
      .split(',')
      .map((value) => one(value.replace(/^"|"$/g, '')))
  if (operator === 'nin')
    return noneOf(
      text
        .slice(colon + 1)
        .split(',')
        .map(one),
    )
  const compare = comparisons[operator]
  return compare ? compare(one(text.slice(colon + 1))) : one(text)
}

/** The query of the next page: the same with another marker. */
export function nextPage(input: Pick<Input, 'queryAll'>, marker: string): string {
  const query = new URLSearchParams(input.queryAll)
  query.set('marker', marker)
  return query.toString()
}
