// The rows of one resource, as one caller sees them: read within the caller's project unless raised above it.
import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Call } from '../call.ts'
import type { ChangeAction } from '../changes/change.ts'
import { notFound } from '../errors.ts'
import type { Column, NewRow, Resource, Row } from '../resource/resource.ts'
import type { Connection, Query, SqlRow, SqlValue } from './connection.ts'
import { type Condition, conditionOf, type Tables, type Where, type WhereBuilder } from './where.ts'

/** Reads beyond the caller's project, with the reason; `mine` is the ordinary scope. */
export type Scope = { beyond: string } | undefined

/** Raises a read or write above the caller's project. The reason is for the reader of the code and the log. */
export const everyone = (reason: string): Scope => ({ beyond: reason })

export interface ListOptions<R> {
  where?: Where<R>
  /** For conditions that a plain object cannot say. */
  and?: (eb: WhereBuilder) => Condition
  sort?: { field: keyof R & string; descending?: boolean }[]
  limit?: number
  offset?: number
  /** Only these fields are read; the rows have no others. */
  fields?: readonly (keyof R & string)[]
  /** Key of the last row of the page before; the row must be visible. */
  marker?: string
}

export interface Recorder {
  record(resource: Resource, action: ChangeAction, before: object | undefined, after: object | undefined): Promise<void>
  now(): string
}

interface Compiled {
  find: string
  insert: string
  update: Map<string, string>
  remove: string
}

/** SQL text depends on the resource and the dialect only, so it is made once. */
const compiled = new WeakMap<Kysely<Tables>, Map<Resource<never>, Compiled>>()

const sqlFor = (db: Kysely<Tables>, resource: Resource<never>): Compiled => {
  let known = compiled.get(db)
  if (!known) {
    known = new Map()
    compiled.set(db, known)
  }
  let texts = known.get(resource)
  if (texts) return texts
  const key = keyColumn(resource)
  const blank = Object.fromEntries(resource.columns.map((column) => [column.column, '']))
  texts = {
    find: db.selectFrom(resource.table).selectAll().where(key, '=', '').compile().sql,
    insert: db.insertInto(resource.table).values(blank).compile().sql,
    update: new Map(),
    remove: db.deleteFrom(resource.table).where(key, '=', '').compile().sql,
  }
  known.set(resource, texts)
  return texts
}

const listTextsKept = 2000
const listTexts = new WeakMap<Kysely<Tables>, Map<string, string>>()

const keyColumn = (resource: Resource<never>) => resource.byField.get(resource.key)!.column

const fromSql = <R>(resource: Resource<never>, row: SqlRow, columns: readonly Column[] = resource.columns): R => {
  const result: Record<string, unknown> = {}
  for (const { field, column, type } of columns) {
    const value = row[column]
    result[field] = value === null || value === undefined ? null : type.fromSql(value)
  }
  return result as R
}

const toSql = (column: Column, value: unknown): SqlValue => {
  if (value === null || value === undefined) {
    if (!column.type.nullable) throw new Error(`field '${column.field}' needs a value`)
    return null
  }
  return column.type.toSql(value as never)
}

export class Rows<F, R extends Record<string, unknown> = Row<Resource<F>> & Record<string, unknown>> {
  readonly #resource: Resource<never>
  readonly #db: Kysely<Tables>
  readonly #connection: Connection
  readonly #call: Call | undefined
  readonly #beyond: boolean
  readonly #recorder: Recorder | undefined
  readonly #observe: ((query: string, seconds: number) => void) | undefined

  constructor(
    resource: Resource<F>,
    db: Kysely<Tables>,
    connection: Connection,
    call: Call | undefined,
    scope: Scope,
    recorder?: Recorder,
    observe?: (query: string, seconds: number) => void,
  ) {
    this.#observe = observe
    this.#resource = resource as unknown as Resource<never>
    this.#db = db
    this.#connection = connection
    this.#call = call
    this.#beyond = scope !== undefined
    this.#recorder = recorder
    if (!call && !scope) throw new Error(`reading ${resource.name} needs a caller, or everyone('why')`)
  }

  /** The row, where it exists and the caller may see it. */
  async find(key: string): Promise<R | undefined> {
    const { find } = sqlFor(this.#db, this.#resource)
    const [row] = await this.#all('find', { sql: find, parameters: [key] })
    if (!row) return undefined
    const found = fromSql<R>(this.#resource, row)
    return (await this.#sees(found)) ? found : undefined
  }

  /** The row, or 404. */
  async get(key: string): Promise<R> {
    const row = await this.find(key)
    if (!row) throw this.missing(key)
    return row
  }

  missing(key: string) {
    const name = this.#resource.name.replaceAll('-', ' ')
    return notFound(`${name[0]!.toUpperCase()}${name.slice(1)} ${key} could not be found.`, {
      reason: { resource: this.#resource.name, id: key },
    })
  }

  async list(options: ListOptions<R> = {}): Promise<R[]> {
    const rows = await this.#all('list', await this.#listQuery(options))
    const columns = options.fields?.map((field) => this.#resource.byField.get(field)!)
    return rows.map((row) => fromSql<R>(this.#resource, row, columns))
  }

  /** The first that fits, by the sort order. */
  async first(where: Where<R>, options: Omit<ListOptions<R>, 'where' | 'limit'> = {}): Promise<R | undefined> {
    return (await this.list({ ...options, where, limit: 1 }))[0]
  }

  async count(where: Where<R> = {}, and?: (eb: WhereBuilder) => Condition): Promise<number> {
    const query = this.#filtered(where, and).select((eb) => eb.fn.countAll().as('n'))
    const [row] = await this.#all('count', query.compile())
    return Number(row?.n ?? 0)
  }

  /** The sum of a number field over the rows that fit. */
  async sum(field: keyof R & string, where: Where<R> = {}): Promise<number> {
    const column = this.#resource.byField.get(field)!.column
    const query = this.#filtered(where).select((eb) => eb.fn.sum(`${this.#resource.table}.${column}`).as('n'))
    const [row] = await this.#all('sum', query.compile())
    return Number(row?.n ?? 0)
  }

  async insert(values: NewRow<Resource<F>>): Promise<R> {
    const given = values as Record<string, unknown>
    const row: Record<string, unknown> = {}
    for (const { field, type } of this.#resource.columns) {
      if (given[field] !== undefined) row[field] = given[field]
      else if (type.auto === 'created') row[field] = this.#writing().now()
      else if (type.default !== undefined)
        row[field] = typeof type.default === 'function' ? (type.default as () => unknown)() : type.default
      else if (type.nullable) row[field] = null
      else throw new Error(`a new ${this.#resource.name} needs '${field}'`)
    }
    const { insert } = sqlFor(this.#db, this.#resource)
    await this.#run('insert', {
      sql: insert,
      parameters: this.#resource.columns.map((column) => toSql(column, row[column.field])),
    })
    await this.#record('create', undefined, row)
    return row as R
  }

  /** Changes the row that was read; what is equal already is not written. The new row comes back. */
  async update(row: R, patch: Partial<R>): Promise<R> {
    const writing = this.#writing()
    const after: Record<string, unknown> = { ...row }
    const changed: Column[] = []
    for (const column of this.#resource.columns) {
      const value = (patch as Record<string, unknown>)[column.field]
      if (value === undefined) continue
      const next = toSql(column, value)
      if (next === toSql(column, row[column.field])) continue
      after[column.field] = value
      changed.push(column)
    }
    if (changed.length === 0) return row
    for (const column of this.#resource.columns) {
      if (column.type.auto === 'updated') after[column.field] = writing.now()
      else if (column.type.auto === 'revision') after[column.field] = Number(row[column.field]) + 1
      else continue
      if (!changed.includes(column)) changed.push(column)
    }
    const count = await this.#run('update', {
      sql: this.#updateSql(changed),
      parameters: [...changed.map((column) => toSql(column, after[column.field])), row[this.#resource.key]],
    })
    if (count === 0) throw this.missing(String(row[this.#resource.key]))
    await this.#record('update', row, after)
    return after as R
  }

  /** Reads the row and changes it. */
  async change(key: string, patch: Partial<R>): Promise<R> {
    return this.update(await this.get(key), patch)
  }

  async remove(row: R): Promise<void> {
    this.#writing()
    const { remove } = sqlFor(this.#db, this.#resource)
    const count = await this.#run('delete', { sql: remove, parameters: [row[this.#resource.key]] })
    if (count > 0) await this.#record('delete', row, undefined)
  }

  /** Removes every row that fits; how many there were. */
  async removeAll(where: Where<R>): Promise<number> {
    const rows = await this.list({ where })
    for (const row of rows) await this.remove(row)
    return rows.length
  }

  async #all(verb: string, query: Query): Promise<SqlRow[]> {
    if (!this.#observe) return this.#connection.all(query)
    const started = performance.now()
    const rows = await this.#connection.all(query)
    this.#observe(`${this.#resource.name}.${verb}`, (performance.now() - started) / 1000)
    return rows
  }

  async #run(verb: string, query: Query): Promise<number> {
    if (!this.#observe) return this.#connection.run(query)
    const started = performance.now()
    const count = await this.#connection.run(query)
    this.#observe(`${this.#resource.name}.${verb}`, (performance.now() - started) / 1000)
    return count
  }

  #writing(): Recorder {
    if (!this.#recorder) throw new Error(`writing ${this.#resource.name} needs a transaction`)
    return this.#recorder
  }

  async #record(action: ChangeAction, before: object | undefined, after: object | undefined) {
    if (!this.#resource.unlogged)
      await this.#writing().record(this.#resource as unknown as Resource, action, before, after)
  }

  #updateSql(columns: Column[]) {
    const { update } = sqlFor(this.#db, this.#resource)
    const shape = columns.map((column) => column.column).join()
    let text = update.get(shape)
    if (!text) {
      text = this.#db
        .updateTable(this.#resource.table)
        .set(Object.fromEntries(columns.map((column) => [column.column, ''])))
        .where(keyColumn(this.#resource), '=', '')
        .compile().sql
      update.set(shape, text)
    }
    return text
  }

  async #sees(row: R): Promise<boolean> {
    const { owner, alsoVisible } = this.#resource
    if (this.#beyond || !owner || this.#call?.sees === 'all') return true
    if (row[owner] !== null && row[owner] === this.#call?.credentials.projectId) return true
    if (!alsoVisible) return false
    return (await this.count({ [this.#resource.key]: row[this.#resource.key] } as Where<R>)) > 0
  }

  #filtered(where: Where<R>, and?: (eb: WhereBuilder) => Condition) {
    const resource = this.#resource
    return this.#db.selectFrom(resource.table).where((eb) => {
      const builder = eb as unknown as WhereBuilder
      const conditions = [conditionOf(builder, resource, where), and?.(builder), this.#visible(builder)]
      return builder.and(conditions.filter((condition) => condition !== undefined)) as Condition
    })
  }

  #visible(eb: WhereBuilder): Condition | undefined {
    const { owner, alsoVisible, table, byField } = this.#resource
    const call = this.#call
    if (this.#beyond || !owner || !call || call.sees === 'all') return undefined
    const owned = eb(`${table}.${byField.get(owner)!.column}`, '=', call.credentials.projectId ?? '') as Condition
    return alsoVisible ? (eb.or([owned, alsoVisible(eb, call)]) as Condition) : owned
  }

  /** Lists of the same shape share their text; building it anew costs more than running it. */
  async #listQuery(options: ListOptions<R>): Promise<Query> {
    const shape = options.and || options.marker !== undefined ? undefined : this.#shapeOf(options)
    if (!shape) return this.#buildListQuery(options)
    let texts = listTexts.get(this.#db)
    if (!texts) {
      texts = new Map()
      listTexts.set(this.#db, texts)
    }
    const known = texts.get(shape.key)
    if (known !== undefined) return { sql: known, parameters: shape.parameters }
    const query = await this.#buildListQuery(options)
    const isSame = JSON.stringify(query.parameters) === JSON.stringify(shape.parameters)
    if (isSame && texts.size < listTextsKept) texts.set(shape.key, query.sql)
    return query
  }

  /** What decides about the text, and the values in the order in which the text has them. */
  #shapeOf(options: ListOptions<R>): { key: string; parameters: SqlValue[] } | undefined {
    const { table, owner, alsoVisible, byField } = this.#resource
    const parameters: SqlValue[] = []
    const parts = [table, ...(options.fields ?? [])]
    for (const [field, wanted] of Object.entries(options.where ?? {})) {
      if (wanted === undefined) continue
      const type = byField.get(field)?.type
      if (!type || (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted))) return undefined
      if (wanted === null) parts.push(`${field} null`)
      else if (Array.isArray(wanted) && type.filter !== false) {
        if (wanted.length === 0) return undefined
        parts.push(`${field} ${wanted.length}`)
        for (const value of wanted) parameters.push(type.toSql(value as never))
      } else {
        parts.push(field)
        parameters.push(type.toSql(wanted as never))
      }
    }
    const isConfined = !this.#beyond && owner !== undefined && this.#call !== undefined && this.#call.sees !== 'all'
    if (isConfined) {
      if (alsoVisible) return undefined
      parts.push('own')
      parameters.push(this.#call!.credentials.projectId ?? '')
    }
    for (const { field, descending } of options.sort ?? []) parts.push(`${descending ? '-' : '+'}${field}`)
    for (const name of ['limit', 'offset'] as const)
      if (options[name] !== undefined) {
        parts.push(name)
        parameters.push(options[name])
      }
    return { key: parts.join('|'), parameters }
  }

  async #buildListQuery(options: ListOptions<R>): Promise<CompiledQuery> {
    const { table, key, byField } = this.#resource
    const keyed = (options.sort ?? []).some((sort) => sort.field === key)
    const sort = keyed
      ? options.sort!
      : [
          ...(options.sort ?? []),
          { field: key as keyof R & string, descending: options.sort?.at(-1)?.descending ?? false },
        ]
    const reference = (field: string) => `${table}.${byField.get(field)!.column}`
    const filtered = this.#filtered(options.where ?? {}, options.and)
    let query = options.fields ? filtered.select(options.fields.map(reference)) : filtered.selectAll(table)
    if (options.marker !== undefined) {
      const marker = await this.get(options.marker)
      query = query.where((eb) =>
        afterMarker(eb as unknown as WhereBuilder, sort, marker, (field) => ({
          reference: reference(field),
          value: toSql(byField.get(field)!, marker[field]),
        })),
      )
    }
    for (const { field, descending } of sort) {
      // Nulls come first in ascending order on both databases.
      const nullable = byField.get(field)!.type.nullable
      if (nullable) query = query.orderBy(sql`${sql.ref(reference(field))} is null`, descending ? 'asc' : 'desc')
      query = query.orderBy(reference(field), descending ? 'desc' : 'asc')
    }
    if (options.limit !== undefined) query = query.limit(options.limit)
    if (options.offset !== undefined) query = query.offset(options.offset)
    return query.compile()
  }
}

/** Rows that come after the marker in a sort order over several fields, nulls counted as smallest. */
function afterMarker(
  eb: WhereBuilder,
  sort: { field: string; descending?: boolean }[],
  _marker: unknown,
  at: (field: string) => { reference: string; value: SqlValue },
): Condition {
  const alternatives: Condition[] = []
  const equalSoFar: Condition[] = []
  for (const { field, descending } of sort) {
    const { reference, value } = at(field)
    const beyond =
      value === null
        ? descending
          ? (eb(eb.val(1), '=', 0) as Condition)
          : (eb(reference, 'is not', null) as Condition)
        : descending
          ? (eb.or([eb(reference, '<', value), eb(reference, 'is', null)]) as Condition)
          : (eb(reference, '>', value) as Condition)
    alternatives.push(eb.and([...equalSoFar, beyond]) as Condition)
    equalSoFar.push((value === null ? eb(reference, 'is', null) : eb(reference, '=', value)) as Condition)
  }
  return eb.or(alternatives) as Condition
}
