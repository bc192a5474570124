// Rows on their way out: wire names, the caller's version, no secrets.
import type { Call } from '../call.ts'
import { versionNumber } from '../http/versions.ts'
import type { Column, Resource } from './resource.ts'

const bounds = new WeakMap<Column, { since: number; until: number }>()

const inVersion = (column: Column, version: number) => {
  const { since, until } = column.type
  if (since === undefined && until === undefined) return true
  let known = bounds.get(column)
  if (!known) {
    known = {
      since: since ? versionNumber(since) : 0,
      until: until ? versionNumber(until) : Number.MAX_SAFE_INTEGER,
    }
    bounds.set(column, known)
  }
  return version >= known.since && version <= known.until
}

/** The row as the API shows it in the call's version; `summary` gives the short form. */
export function view<F>(
  resource: Resource<F>,
  row: Record<string, unknown>,
  call: Call,
  { summary = false } = {},
): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const short = summary ? (resource.summary as readonly string[] | undefined) : undefined
  for (const column of resource.columns) {
    const { field, wire, type } = column
    if (type.secret || type.hidden || (short && !short.includes(field)) || !inVersion(column, call.version)) continue
    result[wire] = row[field]
  }
  return result
}
