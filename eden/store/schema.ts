// Brings the database to what the services declare. Every step can be repeated; a newer database is refused.
import type { Resource } from '../resource/resource.ts'
import type { Connection, Dialect } from './connection.ts'
import type { Store } from './store.ts'

export interface Schema {
  readonly dialect: Dialect
  readonly connection: Connection
  /** Makes each table that is missing, and adds each column and index that is missing. */
  tables(...resources: unknown[]): Promise<void>
}

/** One repeatable step. Names sort in the order of their making: `0001-volumes`. */
export interface Migration {
  name: string
  up(schema: Schema): Promise<void>
}

const ledger = 'eden_migrations'

/**
 * Runs what is missing of each service's migrations.
 * @throws where the database has a migration that this program does not know.
 */
export async function migrate(store: Store, services: { name: string; migrations: Migration[] }[]): Promise<void> {
  const { writer, dialect } = store.database
  const schema: Schema = {
    dialect,
    connection: writer,
    tables: async (...resources) => {
      for (const resource of resources) await makeTable(writer, dialect, resource as Resource)
    },
  }
  await store.database.begin()
  try {
    await writer.exec(
      `create table if not exists ${ledger} (service text not null, name text not null, primary key (service, name))`,
    )
    const done = await writer.all({ sql: `select service, name from ${ledger}`, parameters: [] })
    for (const { service, name } of done) {
      const known = services.some((one) => one.name === service && one.migrations.some((step) => step.name === name))
      if (!known)
        throw new Error(
          `The database was written by a newer Cloud OS (it has the step ${service}/${name}). Start that version, or restore a backup made with this one.`,
        )
    }
    for (const { name: service, migrations } of services)
      for (const migration of migrations) {
        if (done.some((one) => one.service === service && one.name === migration.name)) continue
        await migration.up(schema)
        const placeholders = dialect === 'sqlite' ? '?, ?' : '$1, $2'
        await writer.run({
          sql: `insert into ${ledger} (service, name) values (${placeholders})`,
          parameters: [service, migration.name],
        })
      }
    await writer.exec('commit')
  } catch (error) {
    await writer.exec('rollback')
    throw error
  }
}

async function makeTable(connection: Connection, dialect: Dialect, resource: Resource): Promise<void> {
  const key = resource.byField.get(resource.key)!
  const sqlType = (storage: string) => {
    if (dialect === 'sqlite') return storage
    return storage === 'text' ? 'text collate "C"' : storage === 'integer' ? 'bigint' : 'double precision'
  }
  const isSequence = key.type.storage === 'integer'
  const lines = resource.columns.map(({ column, field, type }) => {
    if (field === resource.key && isSequence)
      return dialect === 'sqlite'
        ? `"${column}" integer primary key autoincrement`
        : `"${column}" bigserial primary key`
    return `"${column}" ${sqlType(type.storage)}${type.nullable ? '' : ' not null'}${field === resource.key ? ' primary key' : ''}`
  })
  await connection.exec(`create table if not exists ${resource.table} (${lines.join(', ')})`)
  const present = await columnsOf(connection, dialect, resource.table)
  for (const { column, type } of resource.columns) {
    if (present.has(column)) continue
    const fallback = typeof type.default === 'function' ? (type.default as () => unknown)() : type.default
    if (!type.nullable && fallback === undefined)
      throw new Error(`${resource.table}.${column} is new and needs a default for the rows that are there`)
    const value = type.nullable ? 'null' : literal(type.toSql(fallback))
    await connection.exec(
      `alter table ${resource.table} add column "${column}" ${sqlType(type.storage)}${type.nullable ? '' : ` not null default ${value}`}`,
    )
  }
  const column = (field: string) => `"${resource.byField.get(field)!.column}"`
  const owner = resource.owner ? [[resource.owner]] : []
  const single = resource.columns.filter(({ type }) => type.index).map(({ field }) => [field])
  const unique = [
    ...resource.columns.filter(({ type }) => type.unique).map(({ field }) => [field]),
    ...(resource.unique ?? []),
  ]
  for (const fields of [...owner, ...single, ...(resource.indexes ?? [])])
    await connection.exec(
      `create index if not exists ${resource.table}_by_${fields.join('_').toLowerCase()} on ${resource.table} (${fields.map((field) => column(String(field))).join(', ')})`,
    )
  for (const fields of unique)
    await connection.exec(
      `create unique index if not exists ${resource.table}_one_${fields.join('_').toLowerCase()} on ${resource.table} (${fields.map((field) => column(String(field))).join(', ')})`,
    )
}

async function columnsOf(connection: Connection, dialect: Dialect, table: string): Promise<Set<string>> {
  const rows =
    dialect === 'sqlite'
      ? await connection.all({ sql: `select name from pragma_table_info('${table}')`, parameters: [] })
      : await connection.all({
          sql: 'select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1',
          parameters: [table],
        })
  return new Set(rows.map((row) => String(row.name)))
}

const literal = (value: unknown) =>
  typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
