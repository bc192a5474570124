// SQLite through Node's own module: one writing and one reading connection on the same file, WAL between them.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Connection, Database, Query, SqlRow } from './connection.ts'

const statementsKept = 500

/**
 * @param path a file; it is made where it is missing.
 * @param durable false: commits survive a killed process but not a machine that loses power (for disposable clouds).
 */
export function openSqlite(path: string, { durable = true } = {}): Database {
  const open = () => {
    const database = new DatabaseSync(path)
    database.exec(
      `pragma journal_mode = wal; pragma synchronous = ${durable ? 'full' : 'off'}; pragma foreign_keys = on; pragma busy_timeout = 10000; pragma cache_size = -32000;`,
    )
    return sqliteConnection(database)
  }
  const writer = open()
  const reader = open()
  return {
    dialect: 'sqlite',
    reader,
    writer,
    begin: () => writer.exec('begin immediate'),
    announce: () => undefined,
    onAnnounced: () => {},
    async close() {
      await reader.close()
      await writer.close()
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
      database.exec(sql)
    },
    async close() {
      statements.clear()
      database.close()
    },
  }
}
