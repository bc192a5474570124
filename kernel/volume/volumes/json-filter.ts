// A condition on the entries of a JSON column, the same on both databases.
import { sql } from 'kysely'
import type { SqlValue } from '../../../eden/store/connection.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'

/** Does the map of texts in the column have this entry? Quotes inside texts are escaped, so no other entry looks so. */
export function jsonContains(eb: WhereBuilder, column: string, key: string, value: string): Condition {
  const entry = `${JSON.stringify(key)}:${JSON.stringify(value)}`
  return eb(sql<SqlValue>`replace(${sql.ref(column)}, ${entry}, '')`, '<>', eb.ref(column)) as Condition
}
