// All rules of all services with the operator's overrides applied, linked and compiled; built whole, replaced whole.

import { nearest } from '../config/nearest.ts'
import { compile, type Decide } from './compile.ts'
import { type Scope, scopeOf } from './credentials.ts'
import { type Override, PolicyFileError } from './overrides.ts'
import { type Check, parseRule } from './parse.ts'
import { baseRules, type PolicyRule, type PolicyTable } from './rules.ts'

export type LoadedRule = {
  readonly name: string
  /** Empty for a base rule asked for outside any service. */
  readonly service: string
  readonly says: string
  readonly routes: readonly string[]
  readonly scope: readonly Scope[] | undefined
  readonly check: string
  readonly defaultCheck: string | undefined
  readonly override: Override | undefined
  readonly tree: Check
  /** Scope and check together. */
  decide: Decide
}

type Names = ReadonlyMap<string, LoadedRule>

const undecided: Decide = () => false

export class RuleSet {
  /** By plain name and by `service/name`. */
  readonly rules: ReadonlyMap<string, LoadedRule>
  /** What an operator should look at, though it does no harm: overrides that nothing uses. */
  readonly warnings: readonly string[]
  readonly #byService = new Map<string, Names>()
  readonly #ambiguous = new Map<string, string[]>()

  /** @throws PolicyFileError when an override is at fault, Error when a service's own table is. */
  constructor(tables: readonly PolicyTable[], overrides: readonly Override[]) {
    const used = new Set<string>()
    for (const table of [{ service: '', rules: {} }, ...tables]) {
      if (this.#byService.has(table.service))
        throw new Error(`the policy rules of "${table.service}" are declared twice`)
      this.#byService.set(table.service, link(table, overrides, used))
    }
    this.rules = this.#index()
    this.warnings = unused(overrides, used, this.rules)
  }

  /** The rule that `name` means inside a service. */
  within(service: string, name: string): LoadedRule | undefined {
    return this.#byService.get(service)?.get(name)
  }

  /** @throws Error for a name that no service declared: fail loudly, allow nothing. */
  get(name: string): LoadedRule {
    const found = this.rules.get(name)
    if (found) return found
    const services = this.#ambiguous.get(name)
    if (services) throw new Error(`several services have a policy rule "${name}"; ask for ${services.join(' or ')}`)
    const hint = nearest(name, this.rules.keys())
    throw new Error(`no service declares the policy rule "${name}"${hint ? `; did you mean "${hint}"?` : ''}`)
  }

  #index(): ReadonlyMap<string, LoadedRule> {
    const index = new Map<string, LoadedRule>()
    const common = this.#byService.get('')!
    for (const [service, names] of this.#byService) {
      for (const [name, rule] of names) {
        if (service === '') {
          index.set(name, rule)
          continue
        }
        index.set(`${service}/${name}`, rule)
        if (common.has(name)) continue
        this.#ambiguous.set(name, [...(this.#ambiguous.get(name) ?? []), `${service}/${name}`])
        index.set(name, rule)
      }
    }
    for (const [name, services] of this.#ambiguous) {
      if (services.length > 1) index.delete(name)
      else this.#ambiguous.delete(name)
    }
    return index
  }
}

function link(table: PolicyTable, all: readonly Override[], used: Set<string>): Names {
  const { service } = table
  // A file for this service outweighs one for all; within a kind, the later file wins.
  const mine = all.filter((each) => each.service === undefined || each.service === service)
  const overrides = new Map<string, Override>()
  for (const each of mine) if (each.service === undefined) overrides.set(each.name, each)
  for (const each of mine) if (each.service !== undefined) overrides.set(each.name, each)

  const names = new Map<string, LoadedRule>()
  for (const [name, rule] of Object.entries({ ...baseRules, ...table.rules })) {
    const override = overrides.get(name) ?? overrides.get(rule.deprecatedName ?? name)
    if (override) used.add(override.name)
    names.set(name, loaded(service, name, rule, override))
  }
  for (const [name, override] of overrides) {
    const declared = names.has(name) || [...names.values()].some((rule) => rule.override === override)
    if (!declared) names.set(name, loaded(service, name, undefined, override))
  }
  const linker = new Linker(service, names, used)
  for (const rule of names.values()) linker.decideOf(rule)
  return names
}

function loaded(
  service: string,
  name: string,
  rule: PolicyRule | undefined,
  override: Override | undefined,
): LoadedRule {
  let tree = override?.tree
  try {
    tree ??= parseRule(rule!.check)
  } catch (error) {
    throw new Error(`policy rule "${name}" of ${service || 'the base rules'}: ${(error as Error).message}`)
  }
  return {
    name,
    service,
    says: rule?.says ?? "A rule of the operator's own.",
    routes: rule?.routes ?? [],
    scope: rule?.scope,
    check: override?.check ?? rule!.check,
    defaultCheck: rule?.check,
    override,
    tree,
    decide: undecided,
  }
}

/** Compiles the rules of one service in the order in which they need each other. */
class Linker {
  readonly #service: string
  readonly #names: Names
  readonly #used: Set<string>
  readonly #chain: LoadedRule[] = []

  constructor(service: string, names: Names, used: Set<string>) {
    this.#service = service
    this.#names = names
    this.#used = used
  }

  decideOf(rule: LoadedRule): Decide {
    if (rule.decide !== undecided) return rule.decide
    const start = this.#chain.indexOf(rule)
    if (start >= 0) {
      const circle = this.#chain.slice(start)
      const path = [...circle, rule].map((each) => each.name).join(' → ')
      throw this.#fault(circle, `rules refer to each other in a circle: ${path}`)
    }
    this.#chain.push(rule)
    const decide = compile(rule.tree, (name) => this.#named(rule, name))
    this.#chain.pop()
    const { scope } = rule
    rule.decide = scope ? (c, t) => allows(scope, scopeOf(c)) && decide(c, t) : decide
    return rule.decide
  }

  #named(from: LoadedRule, name: string): Decide {
    const found = this.#names.get(name)
    if (!found) {
      const hint = nearest(name, this.#names.keys())
      throw this.#fault(
        [from],
        `"${from.name}" refers to rule:${name}, which does not exist${hint ? `; did you mean rule:${hint}?` : ''}`,
      )
    }
    if (found.override) this.#used.add(found.override.name)
    return this.decideOf(found)
  }

  #fault(rules: readonly LoadedRule[], reason: string): Error {
    const blamed = rules.find((rule) => rule.override)?.override
    if (blamed) return new PolicyFileError(blamed.path, blamed.line, reason)
    return new Error(`policy rules of ${this.#service || 'the base'}: ${reason}`)
  }
}

/** Whether a token of scope `actual` may use a rule limited to `required`. Without scope the check alone decides. */
export function allows(required: readonly Scope[], actual: Scope | undefined): boolean {
  return actual === undefined || required.includes(actual)
}

function unused(
  overrides: readonly Override[],
  used: ReadonlySet<string>,
  rules: ReadonlyMap<string, LoadedRule>,
): string[] {
  const names = [...rules.values()].filter((rule) => rule.defaultCheck !== undefined).map((rule) => rule.name)
  return overrides
    .filter((each) => !used.has(each.name))
    .map((each) => {
      const hint = nearest(each.name, names)
      return `${each.path}, line ${each.line}: nothing uses the rule "${each.name}"${hint ? `; did you mean "${hint}"?` : ''}`
    })
}
