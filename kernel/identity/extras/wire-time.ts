// Times as Keystone writes them: microseconds, of which we know the first three digits of our own.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'

/** `2026-11-22T20:00:00.123000Z`. */
export const wireTime = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z')

/** Microseconds that a caller gave are kept. */
export const wireTimeOf = (iso: string | null) => (iso === null ? null : iso.replace(/(\.\d{3})Z$/, '$1000Z'))

/** Application credentials show their time without its zone, which is UTC. */
export const zonelessTime = (iso: string | null) => wireTimeOf(iso)?.replace('Z', '') ?? null

/**
 * A time that a caller gives, to the microsecond; in UTC where it names no zone.
 * @throws 400 for what is no time, or has passed.
 */
export function futureTime(call: Call, text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null
  const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`)
  if (Number.isNaN(ms)) throw badRequest(`Invalid input for field/attribute expires_at. Value: ${text}. It is no time.`)
  if (ms <= call.clock.now()) throw badRequest('Invalid input for field/attribute expires_at. It lies in the past.')
  const micros = /\.\d{3}(\d{3})/.exec(text)?.[1] ?? '000'
  return new Date(ms).toISOString().replace('Z', `${micros}Z`)
}
