// Answers "may this caller do this?" for every service, and why; follows the operator's rule files as they change.

import type { Credentials } from './credentials.ts'
import { type Explanation, explainRule } from './explain.ts'
import { fileStamp, type OverrideFile, readOverrides } from './overrides.ts'
import { defaultImpliedRoles, defaultRoles, type ImpliedRoles } from './roles.ts'
import { type LoadedRule, RuleSet } from './rule-set.ts'
import type { PolicyTable } from './rules.ts'
import type { Target } from './target.ts'

export type EnforcerOptions = {
  /** Operators' rule files; one that does not exist overrides nothing until it appears. */
  readonly files?: readonly OverrideFile[]
  /** Roles that an explanation tries. */
  readonly knownRoles?: readonly string[]
  readonly impliedRoles?: ImpliedRoles
  /** Milliseconds, any origin; decides when files are looked at again. */
  readonly now?: () => number
  /** Told once of each problem found in a changed file, and of each warning; the rules in force stay. */
  readonly onProblem?: (problem: Error) => void
}

const nothing: Target = Object.freeze({})
const lookAgainAfterMs = 1000

export class Enforcer {
  readonly #tables: readonly PolicyTable[]
  readonly #files: readonly OverrideFile[]
  readonly #options: EnforcerOptions
  readonly #now: () => number
  #set: RuleSet
  #stamps: string
  #lookAt: number
  #problem: Error | undefined

  /** @throws PolicyFileError when a rule file is wrong at the start: a restriction must not be dropped silently. */
  constructor(tables: readonly PolicyTable[], options: EnforcerOptions = {}) {
    this.#tables = tables
    this.#files = options.files ?? []
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#stamps = this.#stampOfFiles()
    this.#set = new RuleSet(tables, this.#files.flatMap(readOverrides))
    this.#lookAt = this.#files.length ? this.#now() + lookAgainAfterMs : Number.POSITIVE_INFINITY
    this.#warn()
  }

  /**
   * Whether the rule allows it.
   * @param rule a declared name; `service/name` where several services have one of that name.
   * @throws Error for a name that no service declares.
   */
  allowed(rule: string, credentials: Credentials, target: Target = nothing): boolean {
    if (this.#files.length !== 0 && this.#now() >= this.#lookAt) this.refresh()
    const found = this.#set.rules.get(rule) ?? this.#set.get(rule)
    return found.decide(credentials, target)
  }

  /** The same answer with its reasons. Meant for refusals and operators, not for every request. */
  explain(rule: string, credentials: Credentials, target: Target = nothing): Explanation {
    const { knownRoles: known = defaultRoles, impliedRoles: implied = defaultImpliedRoles } = this.#options
    return explainRule(this.#set, this.#set.get(rule), credentials, target, { known, implied })
  }

  /** Every declared rule as it is in force, for reference pages and sweeps; base rules come with service ''. */
  rules(): LoadedRule[] {
    const all = new Set(this.#set.rules.values())
    return [...all].filter((rule) => rule.service === '' || this.#declares(rule.service, rule.name))
  }

  /** What is wrong with the files now, if anything; the rules in force are then those of the last good state. */
  get problem(): Error | undefined {
    return this.#problem
  }

  /** Overrides that nothing uses, most likely misspelt. */
  get warnings(): readonly string[] {
    return this.#set.warnings
  }

  /** Looks at the files now; `allowed` does so by itself, at most once a second. */
  refresh(): void {
    this.#lookAt = this.#now() + lookAgainAfterMs
    try {
      const stamps = this.#stampOfFiles()
      if (stamps === this.#stamps) return
      this.#stamps = stamps
      this.#set = new RuleSet(this.#tables, this.#files.flatMap(readOverrides))
      this.#problem = undefined
      this.#warn()
    } catch (error) {
      this.#problem = error as Error
      this.#options.onProblem?.(this.#problem)
    }
  }

  #declares(service: string, name: string): boolean {
    return this.#tables.some((table) => table.service === service && Object.hasOwn(table.rules, name))
  }

  #stampOfFiles(): string {
    return this.#files.map((file) => fileStamp(file.path)).join(' ')
  }

  #warn(): void {
    for (const warning of this.#set.warnings) this.#options.onProblem?.(new Error(warning))
  }
}
