// PostgreSQL for clouds with more than one controller: a pool for reads, one connection for the writer, one that listens.
import pg from 'pg'
import type { Connection, Database, Query, SqlRow } from './connection.ts'

/** Key of the advisory lock that makes all controllers take turns: change records then appear in commit order. */
const writerLock = 0x636c6f75
const channel = 'cloudos_changes'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** @param url `postgres://user:password@host:port/database`; `?schema=name` keeps everything in that schema. */
export async function openPostgres(url: string): Promise<Database> {
  const { connectionString, options } = parseUrl(url)
  const pool = new pg.Pool({ connectionString, options, max: 8 })
  const writer = new pg.Client({ connectionString, options })
  const listening = new pg.Client({ connectionString, options })
  const listeners: (() => void)[] = []
  // A lost connection surfaces at the next query, which fails with the reason.
  pool.on('error', () => {})
  writer.on('error', () => {})
  listening.on('error', () => {})
  await writer.connect()
  await listening.connect()
  listening.on('notification', () => {
    for (const listener of listeners) listener()
  })
  await listening.query(`listen ${channel}`)
  return {
    dialect: 'postgres',
    reader: postgresConnection(pool, () => pool.end()),
    writer: postgresConnection(writer, () => writer.end()),
    async begin() {
      await writer.query(`begin; select pg_advisory_xact_lock(${writerLock})`)
    },
    // The server's commit is durable when it answers.
    flush: async () => {},
    announce: () => `notify ${channel}`,
    onAnnounced: (listener) => listeners.push(listener),
    async close() {
      await listening.end()
      await writer.end()
      await pool.end()
    },
  }
}

function parseUrl(url: string) {
  const parsed = new URL(url)
  const schema = parsed.searchParams.get('schema')
  parsed.searchParams.delete('schema')
  return { connectionString: parsed.toString(), options: schema ? `-c search_path=${schema}` : undefined }
}

function postgresConnection(client: pg.Pool | pg.Client, close: () => Promise<void>): Connection {
  const names = new Map<string, string>()
  /** Named statements are prepared once per connection and reused. */
  const named = ({ sql, parameters }: Query) => {
    let name = names.get(sql)
    if (!name && names.size < 500) {
      name = `s${names.size}`
      names.set(sql, name)
    }
    return { name, text: sql, values: parameters as unknown[] }
  }
  return {
    all: async (query) => (await client.query(named(query))).rows as SqlRow[],
    run: async (query) => (await client.query(named(query))).rowCount ?? 0,
    async exec(sql) {
      await client.query(sql)
    },
    close,
  }
}
