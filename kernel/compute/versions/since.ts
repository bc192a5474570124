// Asking which microversion a call speaks.
import type { Call } from '../../../eden/call.ts'
import { versionNumber } from '../../../eden/http/versions.ts'

const numbers = new Map<string, number>()

/** Does the caller speak `version` or a later one? */
export function speaks(call: Call, version: string): boolean {
  let number = numbers.get(version)
  if (number === undefined) {
    number = versionNumber(version)
    numbers.set(version, number)
  }
  return call.version >= number
}
