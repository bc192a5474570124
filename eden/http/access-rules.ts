// What an application credential may be used for, where its owner narrowed it to some requests.
import type { AccessRule } from '../policy/credentials.ts'

const patterns = new Map<string, RegExp>()
const keptPatterns = 1000

/** `*` and `{name}` stand for one part of a path, `**` for any number. */
function patternOf(path: string): RegExp {
  let pattern = patterns.get(path)
  if (pattern) return pattern
  const source = path
    .split(/(\*\*|\*|\{[^}]*\})/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.+?^$()[\]|\\{}]/g, '\\$&')
      return part === '**' ? '.*' : '[^/]+'
    })
    .join('')
  pattern = new RegExp(`^${source}/?$`)
  if (patterns.size >= keptPatterns) patterns.clear()
  patterns.set(path, pattern)
  return pattern
}

/** @param types the service's names in the catalog. */
export const permits = (
  rules: readonly AccessRule[],
  types: readonly string[],
  method: string,
  path: string,
): boolean =>
  rules.some((rule) => types.includes(rule.service) && rule.method === method && patternOf(rule.path).test(path))
