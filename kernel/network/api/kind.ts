// What the API needs to know of each kind of resource to list, show and dress it.
import type { Call } from '../../../eden/call.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { view } from '../../../eden/resource/view.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import type { NetworkContext } from '../context.ts'

/** The committed store as the caller sees it, or the transaction that is under way. */
export type Reads = { rows: Call['rows'] }

/** A condition out of a filter's values, for what no column says. */
export type Filter = (values: string[], call: Call) => (eb: WhereBuilder) => Condition

export interface Kind<F> {
  resource: Resource<F>
  /** Wire name of one: `security_group`; policy names are made of it too. */
  one: string
  many: string
  /** Path segment: `security-groups`. */
  path: string
  filters?: Record<string, Filter>
  /** Attributes that no column holds, for many rows at once. */
  more?(
    context: NetworkContext,
    reads: Reads,
    call: Call,
    rows: Record<string, unknown>[],
  ): Promise<Record<string, unknown>[]>
}

const seconds = (time: unknown) => (typeof time === 'string' ? time.replace(/\.\d+Z$/, 'Z') : time)

/** The row by its wire names, as Neutron writes times and owners. */
export function dressed<F>(resource: Resource<F>, row: Record<string, unknown>, call: Call): Record<string, unknown> {
  const shown = view(resource, row, call)
  if ('project_id' in shown) shown.tenant_id = shown.project_id
  if ('created_at' in shown) {
    shown.updated_at = seconds(shown.updated_at ?? shown.created_at)
    shown.created_at = seconds(shown.created_at)
  }
  return shown
}

/** The rows as the caller may see them: attributes whose rule refuses the caller are left out. */
export async function present<F>(
  kind: Kind<F>,
  context: NetworkContext,
  reads: Reads,
  call: Call,
  rows: Record<string, unknown>[],
): Promise<Record<string, unknown>[]> {
  const more = kind.more ? await kind.more(context, reads, call, rows) : undefined
  const rules = readRules(kind.one)
  return rows.map((row, index) => {
    const shown = dressed(kind.resource, row, call)
    if (more) Object.assign(shown, more[index])
    for (const [attribute, rule] of rules) if (attribute in shown && !call.allows(rule, shown)) delete shown[attribute]
    return shown
  })
}

const knownRules = new Map<string, [attribute: string, rule: string][]>()
let policyNames: readonly string[] = []

/** Told once by the service, so that the kinds need not import the whole policy table. */
export const usePolicyNames = (names: readonly string[]) => {
  policyNames = names
  knownRules.clear()
}

/** The attributes of a kind that have a rule of their own for an action, with the rule's full name. */
export function attributeRules(action: 'create' | 'update' | 'get', one: string): [attribute: string, rule: string][] {
  const prefix = `${action}_${one}:`
  let rules = knownRules.get(prefix)
  if (!rules) {
    rules = policyNames
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), `network/${name}`])
    knownRules.set(prefix, rules)
  }
  return rules
}

const readRules = (one: string) => attributeRules('get', one)
