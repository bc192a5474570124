// A bucket per caller: so many requests a second, with a reserve for bursts. Off unless an operator sets a rate.
import type { Clock } from '../clock.ts'
import { tooManyRequests } from '../errors.ts'

const callersKept = 10_000

interface Bucket {
  left: number
  at: number
}

export class RateLimit {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  readonly #buckets = new Map<string, Bucket>()

  /** @param perSecond 0 is without limit. */
  constructor(clock: Clock, perSecond: number, burst = perSecond * 5) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = Math.max(burst, 1)
  }

  /** @throws 429 with the seconds to wait. */
  take(caller: string): void {
    if (this.#perSecond <= 0) return
    const now = this.#clock.now()
    const bucket = this.#buckets.get(caller) ?? { left: this.#burst, at: now }
    bucket.left = Math.min(this.#burst, bucket.left + ((now - bucket.at) / 1000) * this.#perSecond)
    bucket.at = now
    // Whoever was quiet longest is forgotten first: maps keep the order of insertion.
    this.#buckets.delete(caller)
    this.#buckets.set(caller, bucket)
    if (this.#buckets.size > callersKept) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    if (bucket.left < 1) {
      const seconds = Math.ceil((1 - bucket.left) / this.#perSecond)
      throw tooManyRequests(`More than ${this.#perSecond} requests a second; try again in ${seconds} s.`, seconds)
    }
    bucket.left -= 1
  }
}
