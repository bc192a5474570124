// oslo.policy's rule language, read into a small tree, so that operators use the rule files they know.

import { nearest } from '../config/nearest.ts'
import { credentialNames } from './credentials.ts'
import { type Template, targetReader, template } from './target.ts'

/** One node of a rule. `text` is the piece of the rule it was read from. */
export type Check = { readonly text: string } & (
  | { readonly kind: 'always' | 'never' }
  | { readonly kind: 'and' | 'or'; readonly checks: readonly Check[] }
  | { readonly kind: 'not'; readonly check: Check }
  | { readonly kind: 'role'; readonly role: Template }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: string; readonly expected: Template }
  | { readonly kind: 'credential'; readonly name: string; readonly expected: Template }
  | { readonly kind: 'field'; readonly field: Template; readonly expected: string | RegExp }
)

/** A rule that cannot be read. `position` counts characters of `rule` from 0. */
export class PolicyParseError extends Error {
  readonly rule: string
  readonly position: number
  readonly reason: string
  constructor(rule: string, position: number, reason: string) {
    super(`cannot read the rule "${rule}" at character ${position + 1}: ${reason}`)
    this.name = 'PolicyParseError'
    this.rule = rule
    this.position = position
    this.reason = reason
  }
}

type Word = { readonly kind: '(' | ')' | 'and' | 'or' | 'not' | 'check'; readonly text: string; readonly at: number }

/** The old form, a list of lists, as the text that means the same: an outer "or" of inner "and"s; an empty list allows. */
export function ruleText(form: string | readonly (string | readonly string[])[]): string {
  if (typeof form === 'string') return form.trim()
  if (form.length === 0) return '@'
  const alternatives = form
    .map((inner) => (typeof inner === 'string' ? [inner] : inner))
    .filter((inner) => inner.length)
  if (alternatives.length === 0) return '!'
  return alternatives.map((inner) => (inner.length === 1 ? inner[0] : `(${inner.join(' and ')})`)).join(' or ')
}

/**
 * Reads a rule: `not` binds tightest, then `and`, then `or`; an empty rule allows everybody.
 * @throws PolicyParseError with the position of what is wrong.
 */
export function parseRule(form: string | readonly (string | readonly string[])[]): Check {
  const rule = ruleText(form)
  const words = wordsOf(rule)
  if (words.length === 0) return { kind: 'always', text: rule }
  let next = 0
  const fail = (word: Word | undefined, reason: string) =>
    new PolicyParseError(
      rule,
      word?.at ?? rule.length,
      word ? `${reason}, found "${word.text}"` : `${reason}, found the end`,
    )
  const textFrom = (first: number) => {
    const last = words[next - 1]!
    return rule.slice(words[first]!.at, last.at + last.text.length)
  }

  function chain(kind: 'and' | 'or', part: () => Check): Check {
    const first = next
    const checks = [part()]
    while (words[next]?.kind === kind) {
      next++
      checks.push(part())
    }
    return checks.length === 1 ? checks[0]! : { kind, checks, text: textFrom(first) }
  }
  const either = (): Check => chain('or', both)
  const both = (): Check => chain('and', single)
  function single(): Check {
    const first = next
    const word = words[next]
    if (word?.kind === 'check') {
      next++
      return checkOf(rule, word)
    }
    if (word?.kind === 'not') {
      next++
      const check = single()
      return { kind: 'not', check, text: textFrom(first) }
    }
    if (word?.kind !== '(') throw fail(word, 'expected a check such as role:member')
    next++
    const inner = either()
    if (words[next]?.kind !== ')') throw fail(words[next], `expected ")" for the "(" at character ${word.at + 1}`)
    next++
    return inner
  }

  const whole = either()
  if (next < words.length) throw fail(words[next], 'expected "and", "or" or the end')
  return whole
}

function wordsOf(rule: string): Word[] {
  const words: Word[] = []
  for (let at = 0; at < rule.length; ) {
    const char = rule[at]!
    if (/\s/.test(char)) {
      at++
    } else if (char === '(' || char === ')') {
      words.push({ kind: char, text: char, at })
      at++
    } else {
      const end = endOfWord(rule, at)
      const text = rule.slice(at, end)
      const lower = text.toLowerCase()
      words.push({ kind: lower === 'and' || lower === 'or' || lower === 'not' ? lower : 'check', text, at })
      at = end
    }
  }
  return words
}

/** A word ends at a blank or at a parenthesis that is not its own; `%(name)s` and quoted text belong to the word. */
function endOfWord(rule: string, start: number): number {
  let depth = 0
  let at = start
  const quote = rule[at]
  if (quote === "'" || quote === '"') {
    const close = rule.indexOf(quote, at + 1)
    if (close < 0) throw new PolicyParseError(rule, at, `the quote ${quote} is not closed`)
    at = close + 1
  }
  for (; at < rule.length; at++) {
    const char = rule[at]!
    if (/\s/.test(char)) break
    if (char === '(') {
      if (depth === 0 && /^(and|or|not)$/i.test(rule.slice(start, at))) break
      depth++
    }
    if (char === ')' && depth-- === 0) break
  }
  return at
}

function checkOf(rule: string, word: Word): Check {
  const { text, at } = word
  if (text === '@') return { kind: 'always', text }
  if (text === '!') return { kind: 'never', text }
  const quoted = /^(['"])(.*?)\1/.exec(text)
  const colon = text.indexOf(':', quoted ? quoted[0].length : 0)
  if (colon < 0) throw new PolicyParseError(rule, at, `"${text}" has no colon; a check looks like role:member or @`)
  const kind = text.slice(0, colon)
  const match = text.slice(colon + 1)
  const matchAt = at + colon + 1
  const side = (): Template => {
    try {
      return template(match)
    } catch (error) {
      throw new PolicyParseError(rule, matchAt, (error as SyntaxError).message)
    }
  }
  if (!match && !quoted) throw new PolicyParseError(rule, matchAt, `nothing follows "${kind}:"`)
  if (quoted) {
    if (quoted[0] !== kind) throw new PolicyParseError(rule, at + quoted[0].length, 'expected ":" after the quote')
    return { kind: 'literal', value: quoted[2]!, expected: side(), text }
  }
  if (kind === 'role') return { kind, role: side(), text }
  if (kind === 'rule') return { kind, name: match, text }
  if (kind === 'field') return fieldOf(rule, match, matchAt, text)
  if (kind === 'http' || kind === 'https')
    throw new PolicyParseError(rule, at, 'checks that ask another server are not supported; write the condition out')
  if (/^(True|False|None|-?\d+(\.\d+)?)$/.test(kind)) return { kind: 'literal', value: kind, expected: side(), text }
  if (credentialNames.includes(kind)) return { kind: 'credential', name: kind, expected: side(), text }
  const hint = nearest(kind, ['role', 'rule', 'field', ...credentialNames])
  throw new PolicyParseError(rule, at, `"${kind}" is no known kind of check${hint ? `; did you mean "${hint}"?` : ''}`)
}

/** Network's `field:networks:router:external=True` and, with a pattern, `field:port:device_owner=~^network:`. */
function fieldOf(rule: string, match: string, at: number, text: string): Check {
  const parts = /^[^:=]+:([^=]+)=(~?)(.*)$/.exec(match)
  if (!parts) throw new PolicyParseError(rule, at, 'expected field:resource:name=value or field:resource:name=~pattern')
  const [, name, tilde, value] = parts as unknown as [string, string, string, string]
  const field: Template = { text: name, names: [name], read: targetReader(name) }
  if (!tilde) return { kind: 'field', field, expected: value, text }
  try {
    return { kind: 'field', field, expected: new RegExp(`^(?:${value})`), text }
  } catch (error) {
    throw new PolicyParseError(rule, at + match.length - value.length, (error as Error).message)
  }
}
