// SQLite through Node's own module: one writing and one reading connection on the same file, WAL between them.
// A commit appends to the log without waiting for the disk; `flush` syncs the log off the main thread, and only then is
// anything acknowledged. Source: SQLite's description of synchronous=NORMAL in WAL mode, which keeps the file
// consistent and leaves exactly this sync to the application.
import { closeSync, fdatasync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { promisify } from 'node:util'
import type { Connection, Database, Query, SqlRow } from './connection.ts'

const sync = promisify(fdatasync)
const statementsKept = 500

/**
 * @param path a file; it is made where it is missing.
 * @param durable false: commits survive a killed process but not a machine that loses power (for disposable clouds).
 */
export function openSqlite(path: string, { durable = true } = {}): Database {
  const open = () => {
    const database = new DatabaseSync(path)
    database.exec(
      `pragma journal_mode = wal; pragma synchronous = ${durable ? 'normal' : 'off'}; pragma foreign_keys = on; pragma busy_timeout = 10000; pragma cache_size = -32000;`,
    )
    // The first read makes the log file where it is missing.
    database.prepare('select count(*) from sqlite_master').get()
    return sqliteConnection(database)
  }
  const writer = open()
  const reader = open()
  // The log file stays the same one as long as a connection is open, so it can be synced from beside.
  const log = durable ? openSync(`${path}-wal`, 'r+') : undefined
  return {
    dialect: 'sqlite',
    reader,
    writer,
    begin: () => writer.exec('begin immediate'),
    flush: async () => {
      if (log !== undefined) await sync(log)
    },
    announce: () => undefined,
    onAnnounced: () => {},
    async close() {
      await reader.close()
      await writer.close()
      if (log !== undefined) closeSync(log)
    },
  }
}

function sqliteConnection(database: DatabaseSync): Connection {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string) => {
    let statement = statements.get(sql)
    if (statement) return statement
    if (statements.size >= statementsKept) statements.delete(statements.keys().next().value ?? '')
    statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    async all({ sql, parameters }: Query) {
      return prepared(sql).all(...(parameters as SQLInputValue[])) as SqlRow[]
    },
    async run({ sql, parameters }: Query) {
      return Number(prepared(sql).run(...(parameters as SQLInputValue[])).changes)
    },
    async exec(sql) {
      if (sql.includes(';') || sql.startsWith('create')) database.exec(sql)
      else prepared(sql).run()
    },
    async close() {
      statements.clear()
      database.close()
    },
  }
}
