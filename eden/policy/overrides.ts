// An operator's rule file in oslo.policy's form, `"rule": "check"`: read whole, or refused with the line that is wrong.

import { readFileSync, statSync } from 'node:fs'
import { isScalar, LineCounter, parseDocument } from 'yaml'
import { type Check, PolicyParseError, parseRule, ruleText } from './parse.ts'

/** Where overrides come from. Without `service` a file speaks to all services, with it to that one only. */
export type OverrideFile = { readonly path: string; readonly service?: string }

export type Override = {
  readonly name: string
  readonly check: string
  readonly tree: Check
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  readonly service?: string
}

/** A rule file that cannot be used. */
export class PolicyFileError extends Error {
  readonly path: string
  /** Counted from 1; absent when the file cannot be read at all. */
  readonly line: number | undefined
  constructor(path: string, line: number | undefined, reason: string) {
    super(`${path}${line === undefined ? '' : `, line ${line}`}: ${reason}`)
    this.name = 'PolicyFileError'
    this.path = path
    this.line = line
  }
}

/** Changes when the file does; `none` when there is no file. */
export function fileStamp(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : 'none'
}

/**
 * Reads one file; a missing one overrides nothing.
 * @throws PolicyFileError with the first line that is wrong.
 */
export function readOverrides(file: OverrideFile): Override[] {
  let text: string
  try {
    text = readFileSync(file.path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new PolicyFileError(file.path, undefined, `cannot be read: ${(error as Error).message}`)
  }
  return parseOverrides(text, file)
}

/** As `readOverrides`, from text. */
export function parseOverrides(text: string, file: OverrideFile): Override[] {
  const { path, service } = file
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number | undefined) => lines.linePos(offset ?? 0).line
  const bad = document.errors[0]
  if (bad) throw new PolicyFileError(path, lineAt(bad.pos[0]), bad.message)
  const top = document.contents
  if (top === null || (isScalar(top) && top.value === null)) return []
  const shape = 'a rule file is a list of lines like "rule name": "role:member"'
  if (!('items' in top)) throw new PolicyFileError(path, 1, shape)

  const forms = document.toJS() as Record<string, unknown>
  const overrides: Override[] = []
  for (const item of top.items) {
    const key = item && typeof item === 'object' && 'key' in item ? item.key : undefined
    if (!isScalar(key)) throw new PolicyFileError(path, 1, shape)
    const line = lineAt(key.range?.[0])
    const name = String(key.value)
    const form = forms[name]
    if (!isRuleForm(form)) {
      const advice = `write '' to allow everybody or '!' to allow nobody`
      throw new PolicyFileError(path, line, `"${name}" has no rule that can be read; it must be text, and ${advice}`)
    }
    try {
      overrides.push({ name, check: ruleText(form), tree: parseRule(form), path, line, service })
    } catch (error) {
      if (!(error instanceof PolicyParseError)) throw error
      throw new PolicyFileError(path, line, `"${name}": ${error.message}`)
    }
  }
  return overrides
}

function isRuleForm(form: unknown): form is string | (string | string[])[] {
  const isText = (value: unknown) => typeof value === 'string'
  return (
    isText(form) ||
    (Array.isArray(form) && form.every((one) => isText(one) || (Array.isArray(one) && one.every(isText))))
  )
}
