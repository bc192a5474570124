// The whole database as text, to see that nothing changed.
import type { Assembly } from '../eden/assembly.ts'

/** Bookkeeping that is written by time, not by requests. */
const apart = new Set(['eden_migrations'])

export async function dump(assembly: Assembly): Promise<Record<string, string[]>> {
  const { reader, dialect } = assembly.store.database
  const tables = await reader.all({
    sql:
      dialect === 'sqlite'
        ? `select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`
        : 'select table_name as name from information_schema.tables where table_schema = current_schema() order by 1',
    parameters: [],
  })
  const result: Record<string, string[]> = {}
  for (const { name } of tables) {
    if (apart.has(String(name))) continue
    const rows = await reader.all({ sql: `select * from "${name}"`, parameters: [] })
    result[String(name)] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return result
}

/** In words, how two dumps differ. */
export function differences(before: Record<string, string[]>, after: Record<string, string[]>): string[] {
  return Object.keys(after).flatMap((table) => {
    const was = new Set(before[table])
    const is = new Set(after[table])
    return [
      ...[...is].filter((row) => !was.has(row)).map((row) => `${table} +${row.slice(0, 200)}`),
      ...[...was].filter((row) => !is.has(row)).map((row) => `${table} -${row.slice(0, 200)}`),
    ]
  })
}
