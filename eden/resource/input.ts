// Rows on their way in: a schema of what a request may set, and its fields by our names.
import { type TSchema, Type } from 'typebox'
import type { NewRow, Resource } from './resource.ts'

export interface BodyOptions {
  /** Creation lists what may be given; an update leaves out what is fixed from creation on. */
  for: 'create' | 'update'
  /** Fields (our names) without which a creation is refused. */
  required?: readonly string[]
  /** Fields that this request may not carry although the resource would let it. */
  without?: readonly string[]
  /** What the request may carry besides the resource's fields, by wire name. */
  extra?: Record<string, TSchema>
  /** Are names that nobody declared accepted (Glance's custom properties)? */
  open?: boolean
}

/** A TypeBox schema of the object that sets the resource's fields. */
export function bodyOf<F>(resource: Resource<F>, options: BodyOptions): TSchema {
  const properties: Record<string, TSchema> = {}
  for (const { field, wire, type } of resource.columns) {
    if (type.readOnly || type.hidden || options.without?.includes(field)) continue
    if (options.for === 'update' && type.createOnly) continue
    const isRequired = options.for === 'create' && options.required?.includes(field)
    properties[wire] = isRequired ? type.schema : Type.Optional(type.schema)
  }
  return Type.Object({ ...properties, ...options.extra }, { additionalProperties: options.open ?? false })
}

/** The same, wrapped in the name under which OpenStack expects it: `{"volume": {…}}`. */
export const wrapped = (name: string, schema: TSchema): TSchema =>
  Type.Object({ [name]: schema }, { additionalProperties: true })

/** The resource's fields that a request body carries, by our names. */
export function fieldsFrom<F>(resource: Resource<F>, body: Record<string, unknown>): NewRow<Resource<F>> {
  const result: Record<string, unknown> = {}
  for (const { field, wire, type } of resource.columns)
    if (body[wire] !== undefined && !type.readOnly && !type.hidden) result[field] = body[wire]
  return result as NewRow<Resource<F>>
}
