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
  /** Scope and check together: the answer to a request. */
  decide: Decide
  /** The check alone, as other rules that refer to this one use it: scope belongs to the rule that is asked for. */
  decideCheck: Decide
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
    const own = ownRules(tables, overrides)
    for (const table of [{ service: '', rules: {} }, ...tables]) {
      if (this.#byService.has(table.service))
        throw new Error(`the policy rules of "${table.service}" are declared twice`)
      this.#byService.set(table.service, link(table, overrides, own, used))
    }
    this.#linkUnused(own, used)
    this.rules = this.#index()
    this.warnings = unused(overrides, used, this.rules.values())
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
    for (const [service, names] of this.#byService) {
      for (const [name, rule] of names) {
        // An operator's own rule is for other rules to refer to.
        if (rule.defaultCheck === undefined) continue
        if (service !== '') index.set(`${service}/${name}`, rule)
        if (service === '' || !Object.hasOwn(baseRules, name)) index.set(name, rule)
        if (service === '' || Object.hasOwn(baseRules, name)) continue
        this.#ambiguous.set(name, [...(this.#ambiguous.get(name) ?? []), `${service}/${name}`])
      }
    }
    for (const [name, services] of this.#ambiguous) {
      if (services.length > 1) index.delete(name)
      else this.#ambiguous.delete(name)
    }
    return index
  }

  /** Nothing reaches these, yet a fault in them is a fault of the file: each must make sense in some service. */
  #linkUnused(own: ReadonlySet<string>, used: Set<string>): void {
    for (const name of own) {
      if (used.has(name)) continue
      let fault: unknown
      for (const [service, names] of this.#byService) {
        const rule = names.get(name)
        if (!rule) continue
        try {
          new Linker(service, names, used).decideOf(rule)
          fault = undefined
          break
        } catch (error) {
          fault ??= error
        }
      }
      if (fault) throw fault
    }
  }
}

/** Names in the files that no service declares: rules of the operator's own. */
function ownRules(tables: readonly PolicyTable[], overrides: readonly Override[]): Set<string> {
  const own = new Set(overrides.map((each) => each.name))
  for (const name of Object.keys(baseRules)) own.delete(name)
  for (const { rules } of tables) {
    for (const [name, { deprecatedName }] of Object.entries(rules)) {
      own.delete(name)
      if (deprecatedName !== undefined) own.delete(deprecatedName)
    }
  }
  return own
}

function link(table: PolicyTable, all: readonly Override[], own: ReadonlySet<string>, used: Set<string>): Names {
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
  const declared = [...names.values()]
  for (const [name, override] of overrides)
    if (own.has(name)) names.set(name, loaded(service, name, undefined, override))
  const linker = new Linker(service, names, used)
  for (const rule of declared) linker.decideOf(rule)
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
    decideCheck: undecided,
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
    if (rule.decideCheck !== undecided) return rule.decideCheck
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
    rule.decideCheck = decide
    rule.decide = scope ? (c, t) => allows(scope, scopeOf(c)) && decide(c, t) : decide
    return decide
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

function unused(overrides: readonly Override[], used: ReadonlySet<string>, rules: Iterable<LoadedRule>): string[] {
  const names = [...rules].map((rule) => rule.name)
  return overrides
    .filter((each) => !used.has(each.name))
    .map((each) => {
      const hint = nearest(each.name, names)
      return `${each.path}, line ${each.line}: nothing uses the rule "${each.name}"${hint ? `; did you mean "${hint}"?` : ''}`
    })
}
