// How much a service has to do and how fast it answers: the last minute, kept in memory.

const slotMs = 5000
const slots = 12
/** Upper bounds of the latency classes, in seconds. */
const bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, Number.POSITIVE_INFINITY]

interface Slot {
  at: number
  requests: number
  failures: number
  classes: number[]
}

export interface Load {
  requestsPerSecond: number
  /** Share of requests that ended in a fault of ours (5xx). */
  failureRate: number
  medianSeconds: number
  p99Seconds: number
}

export class LoadMeter {
  readonly #slots: Slot[] = []

  note(now: number, status: number, seconds: number) {
    const at = Math.floor(now / slotMs)
    let slot = this.#slots.at(-1)
    if (slot?.at !== at) {
      slot = { at, requests: 0, failures: 0, classes: bounds.map(() => 0) }
      this.#slots.push(slot)
      if (this.#slots.length > slots) this.#slots.shift()
    }
    slot.requests += 1
    if (status >= 500) slot.failures += 1
    slot.classes[bounds.findIndex((bound) => seconds <= bound)]! += 1
  }

  read(now: number): Load {
    const oldest = Math.floor(now / slotMs) - slots
    const recent = this.#slots.filter(({ at }) => at > oldest)
    const requests = recent.reduce((sum, slot) => sum + slot.requests, 0)
    const failures = recent.reduce((sum, slot) => sum + slot.failures, 0)
    const classes = bounds.map((_, index) => recent.reduce((sum, slot) => sum + slot.classes[index]!, 0))
    const quantile = (share: number) => {
      let left = requests * share
      for (const [index, count] of classes.entries()) {
        left -= count
        if (left <= 0) return bounds[index]!
      }
      return 0
    }
    return {
      requestsPerSecond: requests / ((slots * slotMs) / 1000),
      failureRate: requests === 0 ? 0 : failures / requests,
      medianSeconds: requests === 0 ? 0 : quantile(0.5),
      p99Seconds: requests === 0 ? 0 : quantile(0.99),
    }
  }
}
