// The little that Eden needs of a database connection; SQLite and PostgreSQL both give it.

export type SqlValue = string | number | null | Uint8Array

export interface Query {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

export type SqlRow = Record<string, SqlValue>

export interface Connection {
  all(query: Query): Promise<SqlRow[]>
  /** Number of rows changed. */
  run(query: Query): Promise<number>
  /** Statements without parameters; several may be given, divided by semicolons. */
  exec(sql: string): Promise<void>
  close(): Promise<void>
}

export type Dialect = 'sqlite' | 'postgres'

export interface Database {
  readonly dialect: Dialect
  /** For reads outside a transaction: sees what is committed. */
  readonly reader: Connection
  /** For the one transaction at a time. */
  readonly writer: Connection
  /** Statements that open a transaction which no other writer, in any process, can overlap. */
  begin(): Promise<void>
  /** Resolves once everything committed so far is on stable storage. */
  flush(): Promise<void>
  /** Tells other processes on the same database that something was committed; no-op where there are none. */
  announce(): string | undefined
  /** Called when another process has committed. */
  onAnnounced(listener: () => void): void
  close(): Promise<void>
}
