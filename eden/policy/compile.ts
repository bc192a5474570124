// Turns a rule's tree into one closure: decided at load, so that asking costs nanoseconds and allocates nothing.

import { type Credentials, credentialLists, credentialReaders } from './credentials.ts'
import type { Check } from './parse.ts'
import type { Target, Template } from './target.ts'

export type Decide = (credentials: Credentials, target: Target) => boolean

/**
 * Compiles a tree.
 * @param ruleNamed gives the compiled form of a rule that `rule:name` points to; it throws for unknown and circular names.
 */
export function compile(check: Check, ruleNamed: (name: string) => Decide): Decide {
  switch (check.kind) {
    case 'always':
      return () => true
    case 'never':
      return () => false
    case 'not': {
      const inner = compile(check.check, ruleNamed)
      return (c, t) => !inner(c, t)
    }
    case 'and':
      return every(check.checks.map((each) => compile(each, ruleNamed)))
    case 'or':
      return some(check.checks.map((each) => compile(each, ruleNamed)))
    case 'rule':
      return ruleNamed(check.name)
    case 'role':
      return holdsRole(check.role)
    case 'literal': {
      const { value } = check
      const { read } = check.expected
      return (_, t) => read(t) === value
    }
    case 'credential':
      return credential(check.name, check.expected)
    case 'field':
      return field(check.field, check.expected)
  }
}

function every(parts: Decide[]): Decide {
  const [a, b, c] = parts as [Decide, Decide, Decide?]
  if (parts.length === 2) return (who, t) => a(who, t) && b(who, t)
  if (parts.length === 3) return (who, t) => a(who, t) && b(who, t) && c!(who, t)
  return (who, t) => {
    for (let i = 0; i < parts.length; i++) if (!parts[i]!(who, t)) return false
    return true
  }
}

function some(parts: Decide[]): Decide {
  const [a, b, c] = parts as [Decide, Decide, Decide?]
  if (parts.length === 2) return (who, t) => a(who, t) || b(who, t)
  if (parts.length === 3) return (who, t) => a(who, t) || b(who, t) || c!(who, t)
  return (who, t) => {
    for (let i = 0; i < parts.length; i++) if (parts[i]!(who, t)) return true
    return false
  }
}

function holdsRole(role: Template): Decide {
  if (role.constant !== undefined) {
    const name = role.constant.toLowerCase()
    return (c) => c.roles.includes(name)
  }
  return (c, t) => {
    const name = role.read(t)
    return name !== undefined && c.roles.includes(name.toLowerCase())
  }
}

function credential(name: string, expected: Template): Decide {
  const { read, constant } = expected
  const list = credentialLists.get(name)
  if (list) {
    return (c, t) => {
      const wanted = read(t)
      return wanted !== undefined && list(c)?.includes(wanted) === true
    }
  }
  if (name === 'is_admin' && constant !== undefined) return isAdminIs(constant)
  const own = credentialReaders.get(name)!
  // Missing on either side is a refusal: two unknown projects are not the same project.
  return (c, t) => {
    const mine = own(c)
    return mine !== undefined && mine === read(t)
  }
}

/** Identity's files say `is_admin:1`, everybody else's `is_admin:True`. */
function isAdminIs(constant: string): Decide {
  if (constant === '1' || constant === 'True') return (c) => c.isAdmin === true
  if (constant === '0' || constant === 'False') return (c) => c.isAdmin !== true
  return () => false
}

function field(name: Template, expected: string | RegExp): Decide {
  const { read } = name
  if (typeof expected === 'string') {
    const isFlag = /^(true|false)$/i.test(expected)
    const wanted = isFlag ? expected.toLowerCase() : expected
    return (_, t) => {
      const value = read(t)
      return value !== undefined && (isFlag ? value.toLowerCase() : value) === wanted
    }
  }
  return (_, t) => {
    const value = read(t)
    return value !== undefined && value !== 'None' && expected.test(value)
  }
}
