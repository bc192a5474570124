// The W3C Trace Context header: read from requests and written to neighbours always, whether or not spans are kept.
// https://www.w3.org/TR/trace-context/

import { randomFillSync } from 'node:crypto'

export type TraceContext = {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  readonly spanId: string
  readonly isSampled: boolean
}

const header = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The context that a header carries; undefined when there is none or it is invalid, as the standard asks. */
export function parseTraceparent(value: string | undefined): TraceContext | undefined {
  const found = value === undefined ? null : header.exec(value.trim())
  if (!found) return undefined
  const [, version, traceId, spanId, flags, more] = found as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ]
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
}

const pool = Buffer.alloc(4096)
let taken = pool.length

function randomHex(bytes: number): string {
  if (taken + bytes > pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const hex = pool.toString('hex', taken, taken + bytes)
  taken += bytes
  return /^0+$/.test(hex) ? randomHex(bytes) : hex
}

export function newTraceId(): string {
  return randomHex(16)
}

export function newSpanId(): string {
  return randomHex(8)
}
