// The words of which resources are declared: each field knows its type, its wire name and who may write it.
import { type TSchema, Type } from 'typebox'
import type { SqlValue } from '../store/connection.ts'

export type Storage = 'text' | 'integer' | 'real'

export interface FieldOptions<T> {
  /** Name in requests and replies; snake_case of the field's name where it is absent. */
  wire?: string
  /** Set by the service alone. */
  readOnly?: boolean
  /** Given at creation and fixed from then on. */
  createOnly?: boolean
  /** May be set in a request but never appears in a reply, nor in the change log. */
  secret?: boolean
  /** Kept in the store, never shown. */
  hidden?: boolean
  /** First and last microversion that has the field. */
  since?: string
  until?: string
  /** May lists be filtered by it? Scalars may unless this says no. */
  filter?: boolean
  /** Gets an index. */
  index?: boolean
  unique?: boolean
  default?: T | (() => T)
  says?: string
}

export interface Field<T = unknown> extends FieldOptions<T> {
  schema: TSchema
  storage: Storage
  nullable: boolean
  /** Filled in by the store at insert, or at every write. */
  auto?: 'created' | 'updated' | 'revision'
  toSql(value: T): SqlValue
  fromSql(value: SqlValue): T
  /** Reads a filter's text, e.g. `True` for a flag; undefined where the text cannot be meant. */
  parse(text: string): T | undefined
}

export type FieldType<F> = F extends Field<infer T> ? T : never

const asIs = <T>() => ({ toSql: (value: T) => value as SqlValue, fromSql: (value: SqlValue) => value as T })

/** Text of `min` to `max` characters (255 unless told). */
export const text = (
  options: FieldOptions<string> & { min?: number; max?: number; pattern?: string; format?: string } = {},
): Field<string> => {
  const { min = 0, max = 255, pattern, format, ...rest } = options
  return {
    ...rest,
    ...asIs<string>(),
    storage: 'text',
    nullable: false,
    schema: Type.String({ minLength: min, maxLength: max, ...(pattern && { pattern }), ...(format && { format }) }),
    parse: (value) => value,
  }
}

/** A UUID, or the id of another resource, as text. */
export const id = (options: FieldOptions<string> = {}) => text({ max: 64, ...options })

export const integer = (options: FieldOptions<number> & { min?: number; max?: number } = {}): Field<number> => {
  const { min, max, ...rest } = options
  return {
    ...rest,
    ...asIs<number>(),
    storage: 'integer',
    nullable: false,
    schema: Type.Integer({ ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) }),
    parse: (value) => (/^-?\d+$/.test(value) ? Number(value) : undefined),
  }
}

export const real = (options: FieldOptions<number> = {}): Field<number> => ({
  ...options,
  ...asIs<number>(),
  storage: 'real',
  nullable: false,
  schema: Type.Number(),
  parse: (value) => (value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined),
})

const truths: Record<string, boolean> = { true: true, t: true, yes: true, y: true, on: true, '1': true }
const lies: Record<string, boolean> = { false: false, f: false, no: false, n: false, off: false, '0': false }

/** A boolean from the words that OpenStack's clients send for it. */
export const parseFlag = (value: string): boolean | undefined => {
  const word = value.trim().toLowerCase()
  return truths[word] ?? lies[word]
}

export const flag = (options: FieldOptions<boolean> = {}): Field<boolean> => ({
  ...options,
  storage: 'integer',
  nullable: false,
  schema: Type.Boolean(),
  toSql: (value) => (value ? 1 : 0),
  fromSql: (value) => value === 1,
  parse: parseFlag,
})

export const oneOf = <const V extends string>(values: readonly V[], options: FieldOptions<V> = {}): Field<V> => ({
  ...options,
  ...asIs<V>(),
  storage: 'text',
  nullable: false,
  schema: Type.Unsafe({ type: 'string', enum: [...values] }),
  parse: (value) => value as V,
})

/** A time, kept as ISO 8601 text in UTC with milliseconds. */
export const time = (options: FieldOptions<string> = {}): Field<string> => ({
  ...options,
  ...asIs<string>(),
  storage: 'text',
  nullable: false,
  schema: Type.String({ maxLength: 64 }),
  parse: (value) => {
    const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`)
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
  },
})

export const createdAt = (options: FieldOptions<string> = {}): Field<string> => ({
  ...time({ readOnly: true, ...options }),
  auto: 'created',
})

/** Null until the first update. */
export const updatedAt = (options: FieldOptions<string | null> = {}): Field<string | null> => ({
  ...maybe(time()),
  readOnly: true,
  ...options,
  auto: 'updated',
})

/** Counts the writes of the row, from 0. */
export const revision = (options: FieldOptions<number> = {}): Field<number> => ({
  ...integer({ readOnly: true, default: 0, ...options }),
  auto: 'revision',
})

/** A structured value, kept as JSON text. `schema` is a TypeBox schema of what is accepted. */
export const json = <T>(schema: TSchema, options: FieldOptions<T> = {}): Field<T> => ({
  filter: false,
  ...options,
  storage: 'text',
  nullable: false,
  schema,
  toSql: (value) => JSON.stringify(value),
  fromSql: (value) => JSON.parse(String(value)) as T,
  parse: () => undefined,
})

export const texts = (options: FieldOptions<string[]> & { max?: number } = {}): Field<string[]> => {
  const { max = 255, ...rest } = options
  return json<string[]>(Type.Array(Type.String({ maxLength: max })), { default: () => [], ...rest })
}

/** Keys and values that are text, such as metadata. */
export const textMap = (options: FieldOptions<Record<string, string>> = {}): Field<Record<string, string>> =>
  json<Record<string, string>>(
    Type.Record(Type.String({ minLength: 1, maxLength: 255 }), Type.String({ maxLength: 255 })),
    { default: () => ({}), ...options },
  )

/** The same field, where null is a value as well. */
export const maybe = <T>(field: Field<T>, options: FieldOptions<T | null> = {}): Field<T | null> => ({
  ...(field as unknown as FieldOptions<T | null>),
  default: null,
  ...options,
  storage: field.storage,
  nullable: true,
  schema: Type.Union([field.schema, Type.Null()]),
  toSql: (value) => (value === null ? null : field.toSql(value)),
  fromSql: (value) => (value === null ? null : field.fromSql(value)),
  parse: (value) => field.parse(value),
})
