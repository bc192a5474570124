// A resource is data without hooks: from its declaration come rows, views, validation, filters, documents and types.
import type { Call } from '../call.ts'
import type { WhereBuilder } from '../store/where.ts'
import type { Field, FieldType } from './fields.ts'

export type Fields = Record<string, Field<never> | Field<unknown>>

export interface Declaration<F> {
  service: string
  /** Wire name of many; of one it is the resource's name. */
  plural: string
  fields: F
  /** Key within the table; `id` unless told. */
  key?: keyof F & string
  /** The field that holds the owning project; absent where nobody owns it. */
  owner?: keyof F & string
  /** Rows that a project sees though it does not own them: public images, shared networks. */
  alsoVisible?: (where: WhereBuilder, call: Call) => ReturnType<WhereBuilder['and']>
  /** Fields of the short form in lists; all where absent. */
  summary?: readonly (keyof F & string)[]
  /** Table name; `<service>_<plural>` with dashes as underscores unless told. */
  table?: string
  /** Several columns that together are unique. */
  unique?: readonly (readonly (keyof F & string)[])[]
  indexes?: readonly (readonly (keyof F & string)[])[]
  /** Rows of bookkeeping whose changes nobody follows. */
  unlogged?: boolean
}

export interface Column {
  field: string
  column: string
  wire: string
  type: Field
}

export interface Resource<F = Fields> extends Declaration<F> {
  name: string
  key: keyof F & string
  table: string
  columns: Column[]
  byField: Map<string, Column>
  byWire: Map<string, Column>
}

export type Row<R> = R extends { fields: infer F } ? { -readonly [K in keyof F]: FieldType<F[K]> } : never

/** What must be given to insert a row: all fields without a default, the rest at will. */
export type NewRow<R> = Partial<Row<R>>

export const snakeCase = (name: string) =>
  name.replace(/[A-Z]+(?![a-z])|[A-Z]/g, (letters) => `_${letters.toLowerCase()}`)

export function resource<const F extends { [K in keyof F]: Field<FieldType<F[K]>> }>(
  name: string,
  declaration: Declaration<F>,
): Resource<F> {
  const columns = Object.entries(declaration.fields as unknown as Record<string, Field>).map(([field, type]) => ({
    field,
    column: snakeCase(field),
    wire: type.wire ?? snakeCase(field),
    type,
  }))
  return {
    ...declaration,
    name,
    key: declaration.key ?? ('id' as keyof F & string),
    table: declaration.table ?? `${declaration.service}_${declaration.plural.replaceAll('-', '_')}`,
    columns,
    byField: new Map(columns.map((column) => [column.field, column])),
    byWire: new Map(columns.map((column) => [column.wire, column])),
  }
}
