// Bodies of one or of many, brought to the types that the schema wants, and the rules of single attributes.
import type { TSchema } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { attributeRules, type Kind } from './kind.ts'
import { bodyObject } from './list.ts'

export type Wire = Record<string, unknown>

/** `{"network": {…}}` or `{"networks": [{…}, …]}`; each checked. */
export function bodiesOf<F>(kind: Kind<F>, body: unknown, schema: TSchema): { items: Wire[]; isBulk: boolean } {
  const many = (body as Wire | undefined)?.[kind.many]
  if (many === undefined) return { items: [checked(bodyObject(body, kind.one), schema)], isBulk: false }
  if (!Array.isArray(many) || many.length === 0) throw badRequest('Resources required')
  return {
    items: many.map((item: unknown) => checked(bodyObject({ [kind.one]: item }, kind.one), schema)),
    isBulk: true,
  }
}

export const bodyOfUpdate = <F>(kind: Kind<F>, body: unknown, schema: TSchema): Wire =>
  checked(bodyObject(body, kind.one), schema)

/** Clients write flags and numbers as text too; `tenant_id` is an older name of `project_id`. */
function checked(given: Wire, schema: TSchema): Wire {
  const item = { ...given }
  if (item.project_id === undefined && typeof item.tenant_id === 'string') item.project_id = item.tenant_id
  delete item.tenant_id
  const properties = (
    schema as unknown as { properties: Record<string, { type?: string; anyOf?: { type?: string }[] }> }
  ).properties
  for (const [name, value] of Object.entries(item)) {
    const property = properties[name]
    const types = [property?.type, ...(property?.anyOf ?? []).map((one) => one.type)]
    if (types.includes('boolean')) item[name] = flagFrom(value)
    else if (types.includes('integer') && typeof value === 'string' && /^-?\d+$/.test(value)) item[name] = Number(value)
  }
  return validate(schema, item) as Wire
}

const flagFrom = (value: unknown): unknown => {
  if (typeof value === 'string') return parseFlag(value) ?? value
  return value === 0 ? false : value === 1 ? true : value
}

/** The project that the new thing will belong to. @throws 403 where the caller may not create for that project. */
export function ownerOf(call: Call, item: Wire, rule: string, more: Wire = {}): string {
  const owner =
    typeof item.project_id === 'string' && item.project_id !== '' ? item.project_id : call.credentials.projectId
  call.require(rule, { ...more, ...item, project_id: owner, tenant_id: owner })
  if (!owner) throw badRequest('Running without a project: project_id must be given.')
  return owner
}

/**
 * The rules of the attributes that a request sets.
 * @param defaults values that are no wish when they are sent at creation.
 */
export function requireAttributes<F>(
  kind: Kind<F>,
  call: Call,
  action: 'create' | 'update',
  item: Wire,
  target: Wire,
): void {
  for (const [attribute, rule] of attributeRules(action, kind.one)) {
    const value =
      attribute.split(/:(?=[a-z_]+$)/).length > 1 && !(attribute in item) ? nested(item, attribute) : item[attribute]
    if (value === undefined) continue
    if (action === 'create' && isDefault(kind.resource, attribute, value)) continue
    call.require(rule, target)
  }
}

/** `fixed_ips:ip_address` looks into each of the `fixed_ips`. */
function nested(item: Wire, attribute: string): unknown {
  const at = attribute.lastIndexOf(':')
  const outer = item[attribute.slice(0, at)]
  const inner = attribute.slice(at + 1)
  const all = Array.isArray(outer) ? outer : [outer]
  return all.map((one) => (one as Wire | null | undefined)?.[inner]).find((value) => value !== undefined)
}

function isDefault(
  resource: Resource<unknown> | Resource<never> | unknown,
  attribute: string,
  value: unknown,
): boolean {
  const column = (resource as Resource<never>).byWire.get(attribute)
  const fallback = column?.type.default as unknown
  const plain = typeof fallback === 'function' ? (fallback as () => unknown)() : fallback
  if (value === false && plain === undefined) return true
  return plain !== undefined && JSON.stringify(plain) === JSON.stringify(value)
}
