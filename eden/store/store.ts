// The one store of the cloud: reads of what is committed, and one writing transaction at a time, committed in groups.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Call } from '../call.ts'
import { type Change, type ChangeAction, change } from '../changes/change.ts'
import { type Clock, type Ids, isoTime, randomIds, systemClock } from '../clock.ts'
import { unavailable } from '../errors.ts'
import type { Resource, Row } from '../resource/resource.ts'
import type { Connection, Database, Dialect, SqlRow } from './connection.ts'
import { openPostgres } from './postgres.ts'
import { Rows, type Scope } from './rows.ts'
import { openSqlite } from './sqlite.ts'
import type { Tables } from './where.ts'

/** Transactions that share one commit at the most; more wait for the next. */
const groupSize = 64
/** A transaction that takes longer is rolled back, so that it cannot hold up the others. */
const transactionWithinMs = 20_000

export type AnyResource = Resource<never>
type RowOf<F> = Row<Resource<F>> & Record<string, unknown>

/** What both the committed store and a transaction can be asked. */
export interface Readable {
  rows<F>(resource: Resource<F>, scope?: Scope): Rows<F, RowOf<F>>
  /** Runs a query made with `sql`; the caller answers for its scope. */
  query<T = SqlRow>(query: CompiledQuery): Promise<T[]>
  readonly sql: Kysely<Tables>
}

interface Waiting {
  call: Call
  isRelaxed: boolean
  run: (transaction: Transaction) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

interface Done {
  waiting: Waiting
  value: unknown
  transaction: Transaction
}

/** Stands for tables that a query written by hand reads. */
export const anyTable = '*'

const inTransaction = new AsyncLocalStorage<boolean>()

/** Thrown inside a dry run when its operation has ended: what was written goes, the reply stays. */
class RolledBack extends Error {
  readonly value: unknown
  constructor(value: unknown) {
    super('dry run')
    this.value = value
  }
}

/** Told how long each query of a resource took: `volume.find`, `server.list`. */
export type QueryObserver = (query: string, seconds: number) => void

export class Store {
  /** Who takes the jobs that are enqueued here, and for how long; set by the job engine of this process. */
  jobLease: { owner: string; ms: number } | undefined
  observeQuery: QueryObserver | undefined
  readonly database: Database
  readonly sql: Kysely<Tables>
  readonly clock: Clock
  readonly ids: Ids
  /** Counts commits that wrote; see `generationOf`. */
  generation = 0
  readonly #generations = new Map<string, number>()
  #waiting: Waiting[] = []
  #working: Promise<void> | undefined
  /** Committed, but not yet known to be on stable storage. */
  #unflushed: Done[] = []
  #flushing: Promise<void> | undefined
  #listeners = new Set<(changes: Change[]) => void>()
  #jobListeners = new Set<() => void>()
  #closed = false

  constructor(database: Database, options: { clock?: Clock; ids?: Ids } = {}) {
    this.database = database
    this.sql = builder(database.dialect)
    this.clock = options.clock ?? systemClock
    this.ids = options.ids ?? randomIds
    database.onAnnounced(() => {
      for (const listener of this.#listeners) listener([])
      for (const listener of this.#jobListeners) listener()
    })
  }

  /** The number of the last commit of this process that wrote the table. */
  generationOf(table: string): number {
    return this.#generations.get(table) ?? 0
  }

  /** Is this process the only one that can write? */
  get isAlone(): boolean {
    return this.database.dialect === 'sqlite'
  }

  get dialect(): Dialect {
    return this.database.dialect
  }

  /** Reads what is committed, as `call` may see it; without a call every read must say `everyone('why')`. */
  reads(call?: Call): Readable {
    return {
      sql: this.sql,
      rows: (resource, scope) => {
        call?.tablesRead?.add(resource.table)
        return new Rows(resource, this.sql, this.database.reader, call, scope, undefined, this.observeQuery)
      },
      query: async <T>(query: CompiledQuery) => {
        call?.tablesRead?.add(anyTable)
        return (await this.database.reader.all(query)) as T[]
      },
    }
  }

  /**
   * Runs `run` alone and commits what it wrote; when it throws nothing was written. Resolves after the commit is
   * durable. In a dry run everything is done and then rolled back.
   * @param isRelaxed resolves before the disk has it: for notes whose loss with the machine only means doing a
   * repeatable step again. A killed process loses nothing either way.
   */
  transaction<T>(call: Call, run: (transaction: Transaction) => Promise<T>, isRelaxed = false): Promise<T> {
    if (inTransaction.getStore()) throw new Error('a transaction inside a transaction: pass the outer one on')
    if (this.#closed) return Promise.reject(unavailable('The cloud is shutting down; try again when it is back.'))
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ call, isRelaxed, run, resolve: resolve as (value: unknown) => void, reject })
      this.#working ??= this.#work()
    })
  }

  /** Called after every commit with the changes it made; an empty list says that another process has written. */
  onCommit(listener: (changes: Change[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called after a commit that enqueued jobs, here or in another process. */
  onJobs(listener: () => void): () => void {
    this.#jobListeners.add(listener)
    return () => this.#jobListeners.delete(listener)
  }

  /** Tells the job engine to look again, e.g. when a retry falls due. */
  wakeJobs() {
    for (const listener of this.#jobListeners) listener()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#working
    await this.#flushing
    await this.database.close()
  }

  async #work(): Promise<void> {
    // Lets everything that arrives in the same turn share the commit.
    await undefined
    try {
      while (this.#waiting.length > 0) {
        const group = this.#waiting.splice(0, groupSize)
        await this.#commitGroup(group)
      }
    } finally {
      // In the same turn as the last look: who comes later finds nobody at work and begins anew.
      this.#working = undefined
    }
  }

  async #commitGroup(group: Waiting[]): Promise<void> {
    const { writer } = this.database
    const done: Done[] = []
    try {
      await this.database.begin()
    } catch (cause) {
      for (const waiting of group) waiting.reject(unavailable('The database cannot be written now.', { cause }))
      await writer.exec('rollback').catch(() => {})
      return
    }
    try {
      for (const waiting of group) await this.#runOne(waiting, group.length > 1, done)
      const announce = done.some(({ transaction }) => transaction.wrote) && this.database.announce()
      if (announce) await writer.exec(announce)
      await writer.exec('commit')
    } catch (error) {
      await writer.exec('rollback').catch(() => {})
      for (const { waiting } of done) waiting.reject(error)
      return
    }
    if (done.length === 0) return
    for (const { transaction } of done) {
      transaction.end()
      this.#advance(transaction.tablesWritten)
    }
    this.#publish(done.filter(({ waiting }) => waiting.isRelaxed))
    const awaited = done.filter(({ waiting }) => !waiting.isRelaxed)
    if (awaited.length === 0) return
    this.#unflushed.push(...awaited)
    this.#flushing ??= this.#flush()
  }

  #advance(tables: Set<string>) {
    if (tables.size === 0) return
    this.generation += 1
    for (const table of tables) this.#generations.set(table, this.generation)
  }

  /** Acknowledges what was committed, in order, each group once the disk has it; the next groups commit meanwhile. */
  async #flush(): Promise<void> {
    while (this.#unflushed.length > 0) {
      const done = this.#unflushed
      this.#unflushed = []
      try {
        await this.database.flush()
        this.#publish(done)
      } catch (cause) {
        const failure = unavailable('What was written may not have reached the disk; look before trying again.', {
          cause,
        })
        for (const { waiting } of done) waiting.reject(failure)
      }
    }
    this.#flushing = undefined
  }

  /** Among several, each has a savepoint of its own; alone, a failure rolls back the whole. */
  async #runOne(waiting: Waiting, isAmongSeveral: boolean, done: Done[]): Promise<void> {
    const { writer } = this.database
    const transaction = new Transaction(this, waiting.call)
    if (isAmongSeveral) await writer.exec('savepoint one')
    try {
      const value = await inTransaction.run(true, () => transaction.bounded(() => waiting.run(transaction)))
      if (waiting.call.dryRun) throw new RolledBack(value)
      if (isAmongSeveral) await writer.exec('release savepoint one')
      done.push({ waiting, value, transaction })
    } catch (error) {
      transaction.end()
      if (isAmongSeveral) await writer.exec('rollback to savepoint one; release savepoint one')
      else {
        await writer.exec('rollback')
        await this.database.begin()
      }
      if (error instanceof RolledBack) {
        waiting.call.wouldRun.push(...transaction.enqueued)
        waiting.resolve(error.value)
      } else waiting.reject(error)
    }
  }

  #publish(done: Done[]) {
    const changes = done.flatMap(({ transaction }) => transaction.changes)
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes)
    if (done.some(({ transaction }) => transaction.enqueued.length > 0))
      for (const listener of this.#jobListeners) listener()
    for (const { waiting, value, transaction } of done) {
      waiting.resolve(value)
      for (const after of transaction.afterCommit) after()
    }
  }
}

/** The job and its steps, as a dry run shows them. */
export interface Enqueued {
  id: string
  job: string
  steps: string[]
}

export class Transaction implements Readable {
  readonly store: Store
  readonly call: Call
  readonly changes: Change[] = []
  readonly enqueued: Enqueued[] = []
  readonly afterCommit: (() => void)[] = []
  readonly tablesWritten = new Set<string>()
  wrote = false
  #over = false
  readonly #connection: Connection

  constructor(store: Store, call: Call) {
    this.store = store
    this.call = call
    const { writer } = store.database
    const alive = () => {
      if (this.#over) throw new Error('this transaction is over: await everything that is done in it')
    }
    this.#connection = {
      all: (query) => {
        alive()
        return writer.all(query)
      },
      run: (query) => {
        alive()
        this.wrote = true
        this.tablesWritten.add(tableIn(query.sql))
        return writer.run(query)
      },
      exec: () => Promise.reject(new Error('no plain statements inside a transaction')),
      close: () => Promise.resolve(),
    }
  }

  get sql() {
    return this.store.sql
  }

  rows<F>(resource: Resource<F>, scope?: Scope): Rows<F, RowOf<F>> {
    return new Rows(
      resource,
      this.store.sql,
      this.#connection,
      this.call,
      scope,
      {
        now: () => isoTime(this.store.clock.now()),
        record: (of, action, before, after) => this.#record(of, action, before, after),
      },
      this.store.observeQuery,
    )
  }

  async query<T = SqlRow>(query: CompiledQuery): Promise<T[]> {
    return (await this.#connection.all(query)) as T[]
  }

  /** A statement that no change record follows: for bookkeeping tables only. */
  async run(query: CompiledQuery): Promise<number> {
    return this.#connection.run(query)
  }

  /** `callback` runs once the commit is durable; not at all when it is rolled back. */
  onCommitted(callback: () => void) {
    this.afterCommit.push(callback)
  }

  end() {
    this.#over = true
  }

  async bounded<T>(run: () => Promise<T>): Promise<T> {
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(unavailable('The transaction took too long.')), transactionWithinMs)
      cancel = () => clearTimeout(timer)
    })
    try {
      return await Promise.race([run(), late])
    } finally {
      cancel()
    }
  }

  async #record(of: Resource, action: ChangeAction, before: object | undefined, after: object | undefined) {
    const now = (after ?? before) as Record<string, unknown>
    const entry = {
      at: isoTime(this.store.clock.now()),
      requestId: this.call.requestId,
      userId: this.call.credentials.userId ?? null,
      actorProjectId: this.call.credentials.projectId ?? null,
      projectId: of.owner ? ((now[of.owner] as string | null) ?? null) : null,
      service: of.service,
      type: of.name,
      resourceId: String(now[of.key]),
      action,
      before: before ? published(of, before) : null,
      after: after ? published(of, after) : null,
    }
    const [row] = await this.#connection.all({ sql: insertChange(this.store), parameters: parametersOf(entry) })
    this.wrote = true
    this.changes.push({ seq: Number(row!.seq), ...entry })
  }
}

/** Statements begin with their verb and their table, in quotes: Kysely writes them so. */
const tableIn = (statement: string): string => {
  const found = /^(?:insert into|update|delete from) "(\w+)"/.exec(statement)?.[1]
  if (!found) throw new Error(`a write whose table is not known: ${statement.slice(0, 80)}`)
  return found
}

/** The row without its secrets. */
const published = (of: Resource, row: object): Record<string, unknown> => {
  const result: Record<string, unknown> = {}
  for (const { field, type } of of.columns) {
    if (type.secret) continue
    const value = (row as Record<string, unknown>)[field]
    if (value !== undefined) result[field] = value
  }
  return result
}

const changeColumns = change.columns.filter(({ field }) => field !== 'seq')

const parametersOf = (entry: Omit<Change, 'seq'>) =>
  changeColumns.map(({ field, type }) => {
    const value = entry[field as keyof typeof entry]
    return value === null ? null : type.toSql(value as never)
  })

const insertTexts = new WeakMap<Kysely<Tables>, string>()
const insertChange = (store: Store) => {
  let text = insertTexts.get(store.sql)
  if (!text) {
    const blank = Object.fromEntries(changeColumns.map(({ column }) => [column, '']))
    text = store.sql.insertInto(change.table).values(blank).returning('seq').compile().sql
    insertTexts.set(store.sql, text)
  }
  return text
}

const builder = (dialect: Dialect): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect:
      dialect === 'sqlite'
        ? {
            createAdapter: () => new SqliteAdapter(),
            createDriver: () => new DummyDriver(),
            createIntrospector: (db) => new SqliteIntrospector(db),
            createQueryCompiler: () => new SqliteQueryCompiler(),
          }
        : {
            createAdapter: () => new PostgresAdapter(),
            createDriver: () => new DummyDriver(),
            createIntrospector: (db) => new PostgresIntrospector(db),
            createQueryCompiler: () => new PostgresQueryCompiler(),
          },
  })

/**
 * Opens the store at a PostgreSQL URL or an SQLite file path.
 * @param durable see `openSqlite`.
 */
export async function openStore(
  address: string,
  options: { clock?: Clock; ids?: Ids; durable?: boolean } = {},
): Promise<Store> {
  const database = /^postgres(ql)?:/.test(address)
    ? await openPostgres(address)
    : openSqlite(address, { durable: options.durable ?? true })
  return new Store(database, options)
}
