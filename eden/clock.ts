// Time and ids are handed in, so that a test can move the one and repeat the other.
import { randomBytes, randomUUID } from 'node:crypto'

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls back after `ms`; returns how to cancel. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void
}

export interface Ids {
  /** A UUID with dashes, as Nova, Neutron, Cinder and Glance use. */
  uuid(): string
  /** 32 hexadecimal digits, as Keystone uses. */
  hex(): string
  /** `bytes` random bytes, for secrets; never repeatable outside tests. */
  secret(bytes: number): Buffer
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export const randomIds: Ids = {
  uuid: () => randomUUID(),
  hex: () => randomBytes(16).toString('hex'),
  secret: (bytes) => randomBytes(bytes),
}

/** `2026-11-22T20:00:00.123Z`: the form in which the store keeps times; sorts as text. */
export const isoTime = (ms: number) => new Date(ms).toISOString()

export interface TestClock extends Clock {
  /** Moves time and runs what falls due, in order. */
  advance(ms: number): void
}

/** A clock that stands still until it is moved. */
export function testClock(start = Date.parse('2026-01-01T00:00:00Z')): TestClock {
  let now = start
  let pending: { at: number; callback: () => void }[] = []
  return {
    now: () => now,
    after(ms, callback) {
      const entry = { at: now + ms, callback }
      pending.push(entry)
      return () => {
        pending = pending.filter((other) => other !== entry)
      }
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const due = pending.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        pending = pending.filter((other) => other !== due)
        now = Math.max(now, due.at)
        due.callback()
      }
      now = end
    },
  }
}

/** Ids that count up; for tests whose output is compared. */
export function countingIds(): Ids {
  let count = 0
  const next = () => (++count).toString(16).padStart(12, '0')
  return {
    uuid: () => `00000000-0000-4000-8000-${next()}`,
    hex: () => `00000000000000000000${next()}`,
    secret: (bytes) => Buffer.alloc(bytes, ++count),
  }
}
