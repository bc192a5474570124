// Reads one setting's value from what a file, an environment variable or a flag gives, or says what is wrong with it.

import { nearest } from './nearest.ts'
import { formatDuration, formatSize, parseDurationMs, parseSizeBytes } from './quantities.ts'
import { mask, Secret } from './secret.ts'
import type { Setting } from './setting.ts'

export type Value = string | number | boolean | readonly string[] | Secret

/**
 * The typed value of `raw`, which is text (environment, flags) or what YAML made of the file.
 * @throws RangeError whose message fits after "compute.quotaCores …: ".
 */
export function readValue(declared: Setting, raw: unknown): Value {
  switch (declared.type) {
    case 'text':
    case 'path':
      return textOf(declared, raw)
    case 'secret':
      return new Secret(textOf(declared, raw))
    case 'url': {
      const text = textOf(declared, raw)
      if (!URL.canParse(text)) throw new RangeError(`"${text}" is not a URL; write it whole, like http://host:4318`)
      return text
    }
    case 'integer':
      return bounded(wholeOf(raw), declared.min, declared.max, String)
    case 'port':
      return bounded(wholeOf(raw), declared.min ?? 0, declared.max ?? 65535, String)
    case 'flag':
      return flagOf(raw)
    case 'duration':
      return measured(declared, raw, parseDurationMs, formatDuration)
    case 'size':
      return measured(declared, raw, parseSizeBytes, formatSize)
    case 'list':
      return listOf(raw)
    case 'oneOf': {
      const text = String(raw)
      if (declared.values.includes(text)) return text
      const hint = nearest(text, declared.values)
      throw new RangeError(
        `"${text}" is not one of ${declared.values.join(', ')}${hint ? `; did you mean "${hint}"?` : ''}`,
      )
    }
  }
}

/** A value as an operator would write it; secrets as a mask, nothing as an empty text. */
export function showValue(declared: Setting, value: Value | undefined): string {
  if (value === undefined) return ''
  if (declared.type === 'secret') return mask
  if (declared.type === 'duration' && typeof value === 'number') return formatDuration(value)
  if (declared.type === 'size' && typeof value === 'number') return formatSize(value)
  return Array.isArray(value) ? value.join(', ') : String(value)
}

function shown(raw: unknown): string {
  return typeof raw === 'string' ? `"${raw}"` : (JSON.stringify(raw) ?? String(raw))
}

function textOf(declared: Setting, raw: unknown): string {
  if (typeof raw === 'string') return raw
  if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw)
  // The value of a secret stays out of messages too.
  throw new RangeError(declared.type === 'secret' ? 'the value is not text' : `${shown(raw)} is not text`)
}

function wholeOf(raw: unknown): number {
  const isWhole = typeof raw === 'number' ? Number.isSafeInteger(raw) : /^\s*-?\d+\s*$/.test(String(raw))
  if (!isWhole || (typeof raw !== 'number' && typeof raw !== 'string')) {
    throw new RangeError(`${shown(raw)} is not a whole number`)
  }
  return Number(raw)
}

function flagOf(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw
  const text = String(raw).trim().toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return true
  if (['false', 'no', 'off', '0'].includes(text)) return false
  throw new RangeError(`${shown(raw)} is neither true nor false`)
}

function listOf(raw: unknown): readonly string[] {
  if (Array.isArray(raw) && raw.every((each) => typeof each === 'string' || typeof each === 'number')) {
    return raw.map(String)
  }
  if (typeof raw !== 'string') throw new RangeError(`${shown(raw)} is not a list; separate its items with commas`)
  return raw
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

function measured(
  declared: { readonly min?: string; readonly max?: string },
  raw: unknown,
  parse: (text: string) => number,
  show: (amount: number) => string,
): number {
  if (typeof raw !== 'string' && typeof raw !== 'number') throw new RangeError(`${shown(raw)} is not text with a unit`)
  const { min, max } = declared
  return bounded(parse(String(raw)), min === undefined ? min : parse(min), max === undefined ? max : parse(max), show)
}

function bounded(
  amount: number,
  min: number | undefined,
  max: number | undefined,
  show: (amount: number) => string,
): number {
  if (min !== undefined && amount < min) throw new RangeError(`${show(amount)} is less than the least, ${show(min)}`)
  if (max !== undefined && amount > max) throw new RangeError(`${show(amount)} is more than the most, ${show(max)}`)
  return amount
}
