// Why a rule says yes or no: the tree of its checks with the values compared, and what would turn a no into a yes.

import { type Credentials, credentialLists, credentialReaders, type Scope, scopeOf } from './credentials.ts'
import type { Check } from './parse.ts'
import { expandRoles, type ImpliedRoles } from './roles.ts'
import { allows, type LoadedRule, type RuleSet } from './rule-set.ts'
import type { Target } from './target.ts'

/** One check and its outcome. `has` is what was found, `needs` what it was compared with; null where there was no value. */
export type CheckReason = {
  readonly check: string
  readonly kind: Check['kind']
  readonly passed: boolean
  readonly has?: string | readonly string[] | null
  readonly needs?: string | null
  readonly of?: readonly CheckReason[]
}

export type WouldHelp = {
  /** Roles of which any one, added to the caller's own, is enough; a role that includes another listed one is left out. */
  readonly roles: readonly string[]
  /** Token scopes of which any one, with the caller's own roles, is enough. */
  readonly scopes: readonly Scope[]
  /** Pairs that are enough together, listed only when neither a role nor a scope is enough alone. */
  readonly rolesInScope: readonly { readonly role: string; readonly scope: Scope }[]
}

export type Explanation = {
  readonly rule: string
  readonly service: string
  readonly says: string
  readonly allowed: boolean
  readonly check: string
  readonly isOverridden: boolean
  readonly defaultCheck: string | undefined
  readonly overriddenAt: { readonly path: string; readonly line: number } | undefined
  /** Present when the rule is limited to some token scopes. */
  readonly scope:
    | { readonly required: readonly Scope[]; readonly actual: Scope | null; readonly passed: boolean }
    | undefined
  readonly reason: CheckReason
  /** Empty lists when allowed already. */
  readonly wouldHelp: WouldHelp
}

/** What may be shown to the refused caller: which rule, what it is for, and what would help; no values, no file paths. */
export type PublicExplanation = Pick<Explanation, 'rule' | 'says' | 'allowed' | 'wouldHelp'> & {
  readonly check: string
}

export function forCaller({ rule, says, allowed, check, wouldHelp }: Explanation): PublicExplanation {
  return { rule, says, allowed, check, wouldHelp }
}

export type Roles = { readonly known: readonly string[]; readonly implied: ImpliedRoles }

export function explainRule(
  set: RuleSet,
  rule: LoadedRule,
  who: Credentials,
  target: Target,
  roles: Roles,
): Explanation {
  const { name, service, says, check, defaultCheck, override, scope } = rule
  const allowed = rule.decide(who, target)
  const actual = scopeOf(who)
  return {
    rule: name,
    service,
    says,
    allowed,
    check,
    isOverridden: override !== undefined,
    defaultCheck,
    overriddenAt: override && { path: override.path, line: override.line },
    scope: scope && { required: scope, actual: actual ?? null, passed: allows(scope, actual) },
    reason: reasonFor(set, service, rule.tree, who, target),
    wouldHelp: allowed ? { roles: [], scopes: [], rolesInScope: [] } : helpFor(set, rule, who, target, roles),
  }
}

function reasonFor(set: RuleSet, service: string, check: Check, who: Credentials, target: Target): CheckReason {
  const inner = (each: Check) => reasonFor(set, service, each, who, target)
  const seen = { check: check.text, kind: check.kind }
  switch (check.kind) {
    case 'always':
      return { ...seen, passed: true }
    case 'never':
      return { ...seen, passed: false }
    case 'and':
    case 'or': {
      const of = check.checks.map(inner)
      return { ...seen, passed: check.kind === 'and' ? of.every((r) => r.passed) : of.some((r) => r.passed), of }
    }
    case 'not': {
      const of = [inner(check.check)]
      return { ...seen, passed: !of[0]!.passed, of }
    }
    case 'rule': {
      const of = [inner(set.within(service, check.name)!.tree)]
      return { ...seen, passed: of[0]!.passed, of }
    }
    case 'role': {
      const needs = check.role.read(target)?.toLowerCase() ?? null
      return { ...seen, passed: needs !== null && who.roles.includes(needs), has: who.roles, needs }
    }
    case 'literal': {
      const has = check.expected.read(target) ?? null
      return { ...seen, passed: has === check.value, has, needs: check.value }
    }
    case 'credential': {
      const needs = check.expected.read(target) ?? null
      const has = credentialLists.get(check.name)?.(who) ?? credentialReaders.get(check.name)?.(who) ?? null
      return { ...seen, passed: compare(check.name, has, needs), has, needs }
    }
    case 'field': {
      const { field, expected } = check
      const has = field.read(target) ?? null
      return { ...seen, passed: matches(has, expected), has, needs: String(expected) }
    }
  }
}

function compare(name: string, has: string | readonly string[] | null, needs: string | null): boolean {
  if (has === null || needs === null) return false
  if (typeof has !== 'string') return has.includes(needs)
  if (name === 'is_admin') return has === needs || has === { 1: 'True', 0: 'False' }[needs]
  return has === needs
}

function matches(has: string | null, expected: string | RegExp): boolean {
  if (has === null) return false
  if (typeof expected !== 'string') return has !== 'None' && expected.test(has)
  return /^(true|false)$/i.test(expected) ? has.toLowerCase() === expected.toLowerCase() : has === expected
}

/** Found by trying: whatever the language can say, the answer is what the rule itself would answer. */
function helpFor(
  set: RuleSet,
  rule: LoadedRule,
  who: Credentials,
  target: Target,
  { known, implied }: Roles,
): WouldHelp {
  const withRole = (role: string, base: Credentials): Credentials => ({
    ...base,
    roles: expandRoles([...base.roles, role], implied),
  })
  const enough = (base: Credentials) =>
    leastOf(
      known.filter((role) => rule.decide(withRole(role, base), target)),
      implied,
    )

  const roles = enough(who)
  const scoped = otherScopes(set, rule, who, target)
  const scopes = unique(scoped.filter(([, base]) => rule.decide(base, target)).map(([scope]) => scope))
  if (roles.length || scopes.length) return { roles, scopes, rolesInScope: [] }
  const pairs = scoped.flatMap(([scope, base]) => enough(base).map((role) => `${role} ${scope}`))
  const rolesInScope = unique(pairs).map((pair) => {
    const [role, scope] = pair.split(' ') as [string, Scope]
    return { role, scope }
  })
  return { roles, scopes, rolesInScope }
}

/** The caller as it would be with a token for the system, and for each project and domain that the rule compares with. */
function otherScopes(set: RuleSet, rule: LoadedRule, who: Credentials, target: Target): [Scope, Credentials][] {
  const { projectId, domainId, systemScope, projectDomainId, ...person } = who
  const compared = new Map<Scope, Set<string>>([
    ['project', new Set()],
    ['domain', new Set()],
  ])
  collect(set, rule.service, rule.tree, target, compared)
  const found: [Scope, Credentials][] = []
  if (systemScope === undefined) found.push(['system', { ...person, systemScope: 'all' }])
  for (const id of compared.get('project')!) if (id !== projectId) found.push(['project', { ...person, projectId: id }])
  for (const id of compared.get('domain')!) if (id !== domainId) found.push(['domain', { ...person, domainId: id }])
  return found
}

function collect(set: RuleSet, service: string, check: Check, target: Target, into: Map<Scope, Set<string>>): void {
  if (check.kind === 'and' || check.kind === 'or')
    for (const each of check.checks) collect(set, service, each, target, into)
  if (check.kind === 'rule') collect(set, service, set.within(service, check.name)!.tree, target, into)
  if (check.kind !== 'credential') return
  const wanted = check.expected.read(target)
  if (wanted === undefined) return
  if (credentialReaders.get(check.name) === credentialReaders.get('project_id')) into.get('project')!.add(wanted)
  if (credentialReaders.get(check.name) === credentialReaders.get('domain_id')) into.get('domain')!.add(wanted)
}

/** Leaves out every role that includes another one of the list: who is told "member" need not be told "admin". */
function leastOf(roles: readonly string[], implied: ImpliedRoles): string[] {
  return roles.filter((role) => !expandRoles([role], implied).some((part) => part !== role && roles.includes(part)))
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)]
}
