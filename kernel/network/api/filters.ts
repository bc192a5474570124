// Conditions that several kinds of resource share: tags, lists kept as JSON, and the time of the last change.
import { type RawBuilder, sql } from 'kysely'
import { badRequest } from '../../../eden/errors.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import type { Filter } from './kind.ts'

const asCondition = (raw: RawBuilder<unknown>) => raw as unknown as Condition

/** Does the JSON list in the column have this text? In JSON no text can contain an unescaped quote after `[` or `,`. */
export const listHas = (column: string, value: string): Condition => {
  const reference = sql.ref(column)
  const text = JSON.stringify(value)
  return asCondition(
    sql`(replace(${reference}, ${`[${text}`}, '') <> ${reference} or replace(${reference}, ${`,${text}`}, '') <> ${reference})`,
  )
}

export const anyOf = (eb: WhereBuilder, conditions: Condition[]) => eb.or(conditions) as Condition
export const allOf = (eb: WhereBuilder, conditions: Condition[]) => eb.and(conditions) as Condition
export const noneOfThem = (eb: WhereBuilder, condition: Condition) => eb.not(condition) as Condition

const split = (values: string[]) => values.flatMap((value) => value.split(',')).filter(Boolean)

/** `tags`, `tags-any`, `not-tags` and `not-tags-any` on a table. */
export function tagFilters(table: string): Record<string, Filter> {
  const has = (values: string[]) => split(values).map((tag) => listHas(`${table}.tags`, tag))
  return {
    tags: (values) => (eb) => allOf(eb, has(values)),
    'tags-any': (values) => (eb) => anyOf(eb, has(values)),
    'not-tags': (values) => (eb) => noneOfThem(eb, allOf(eb, has(values))),
    'not-tags-any': (values) => (eb) => noneOfThem(eb, anyOf(eb, has(values))),
  }
}

export function changedSince(table: string): Record<string, Filter> {
  return {
    changed_since: (values) => (eb) => {
      const at = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(values[0]!) ? values[0]! : `${values[0]}Z`)
      if (Number.isNaN(at)) throw badRequest(`Invalid input for changed_since: '${values[0]}' is not a time.`)
      const time = new Date(at).toISOString()
      return eb.or([
        eb(`${table}.updated_at`, '>=', time),
        eb.and([eb(`${table}.updated_at`, 'is', null), eb(`${table}.created_at`, '>=', time)]),
      ]) as Condition
    },
  }
}

/** @throws 400 where the text is no boolean. */
export const flagsOf = (name: string, values: string[]): boolean[] =>
  values.map((value) => {
    const flag = parseFlag(value)
    if (flag === undefined) throw badRequest(`'${value}' is not a valid value of the filter '${name}'.`)
    return flag
  })
