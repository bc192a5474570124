// Conditions on rows: a plain object for the ordinary ones, Kysely's expressions for the rest.
import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely'
import type { Resource } from '../resource/resource.ts'
import type { SqlValue } from './connection.ts'

export type Tables = Record<string, Record<string, SqlValue>>
export type WhereBuilder = ExpressionBuilder<Tables, string>
export type Condition = ExpressionWrapper<Tables, string, SqlBool>

export interface Comparison<T = unknown> {
  compare: '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'not in'
  value: T
}

/** Field by field: a value, a list of which one must match, null, or a comparison. All must hold. */
export type Where<R> = { [K in keyof R]?: R[K] | readonly R[K][] | Comparison }

export const not = <T>(value: T): Comparison<T> => ({ compare: '!=', value })
export const noneOf = <T>(values: readonly T[]): Comparison<readonly T[]> => ({ compare: 'not in', value: values })
export const lessThan = <T>(value: T): Comparison<T> => ({ compare: '<', value })
export const atMost = <T>(value: T): Comparison<T> => ({ compare: '<=', value })
export const greaterThan = <T>(value: T): Comparison<T> => ({ compare: '>', value })
export const atLeast = <T>(value: T): Comparison<T> => ({ compare: '>=', value })
/** `%` stands for any characters. */
export const like = (value: string): Comparison<string> => ({ compare: 'like', value })

const isComparison = (value: unknown): value is Comparison =>
  typeof value === 'object' && value !== null && 'compare' in value

/** One condition out of the object; undefined where it asks for nothing. */
export function conditionOf(
  eb: WhereBuilder,
  resource: Resource<never>,
  where: Record<string, unknown>,
): Condition | undefined {
  const conditions: Condition[] = []
  for (const [field, wanted] of Object.entries(where)) {
    if (wanted === undefined) continue
    const column = resource.byField.get(field)
    if (!column) throw new Error(`${resource.name} has no field '${field}'`)
    const reference = `${resource.table}.${column.column}`
    const sql = (value: unknown) => column.type.toSql(value as never)
    if (wanted === null) conditions.push(eb(reference, 'is', null) as Condition)
    else if (isComparison(wanted)) {
      if (wanted.compare === 'not in') {
        const values = (wanted.value as readonly unknown[]).map(sql)
        if (values.length > 0) conditions.push(eb(reference, 'not in', values) as Condition)
      } else if (wanted.value === null) conditions.push(eb(reference, 'is not', null) as Condition)
      else conditions.push(eb(reference, wanted.compare, sql(wanted.value)) as Condition)
    } else if (Array.isArray(wanted) && column.type.filter !== false) {
      const values = wanted.map(sql)
      conditions.push(
        values.length === 0 ? (eb(eb.val(1), '=', 0) as Condition) : (eb(reference, 'in', values) as Condition),
      )
    } else conditions.push(eb(reference, '=', sql(wanted)) as Condition)
  }
  if (conditions.length === 0) return undefined
  return eb.and(conditions) as Condition
}
