// Brings hosts to what the rows say: changes mark hosts, marks are gathered, one apply per host runs at a time.
import { setTimeout as pause } from 'node:timers/promises'
import type { Ground } from '../../../eden/call.ts'
import type { Change } from '../../../eden/changes/change.ts'
import { messageOf, unavailable } from '../../../eden/errors.ts'
import type { HostDirectory } from '../../../eden/host/host.ts'
import type { NetworkConfig } from '../config.ts'
import { concernOf } from './affected.ts'
import type { HostBook } from './host-book.ts'
import type { Picture } from './picture.ts'
import { settle } from './settle.ts'
import { wantedOn } from './wanted.ts'

const applyWithinMs = 60_000
/** While a host is busy this long with one apply, the next gathers changes for as long, at most. */
const gatherMsAtMost = 200
const backoffMs = [100, 300, 1000, 3000, 10_000, 30_000]

interface Waiting {
  resolve(): void
  reject(error: unknown): void
}

interface HostState {
  isDirty: boolean
  isComplete: boolean
  isRunning: boolean
  failures: number
  lastMs: number
  interest: Set<string>
  waiting: Waiting[]
  wake: () => void
}

interface ApplierParts {
  ground: Ground
  hosts: HostDirectory
  hostBook: HostBook
  picture: Picture
  config: NetworkConfig
}

export class Applier {
  readonly #parts: ApplierParts
  readonly #states = new Map<string, HostState>()

  constructor(parts: ApplierParts) {
    this.#parts = parts
  }

  /** After every commit. An empty list says that another process has written: then everything may concern everybody. */
  changed(changes: Change[]) {
    const { picture, hosts } = this.#parts
    if (changes.length === 0) picture.forget()
    else picture.follow(changes)
    const mine = changes.filter(({ service }) => service === 'network')
    if (changes.length === 0 || (!picture.isLoaded && mine.length > 0)) {
      for (const host of hosts.names()) this.want(host)
      return
    }
    for (const change of mine) {
      const concern = concernOf(change)
      if (!concern) continue
      for (const host of hosts.names()) {
        const interest = this.#states.get(host)?.interest
        if (concern.hosts.includes(host) || concern.ids.some((id) => interest?.has(id))) this.want(host)
      }
    }
  }

  /** The host will be brought to what the rows say, soon and until it succeeds. */
  want(host: string, { isComplete = false } = {}) {
    const state = this.#state(host)
    state.isDirty = true
    state.isComplete ||= isComplete
    if (state.isRunning) state.wake()
    else void this.#run(host, state)
  }

  /**
   * Resolves when the host is what the rows say now.
   * @throws 503 where the host cannot; trying goes on.
   */
  applied(host: string, options: { isComplete?: boolean } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#state(host).waiting.push({ resolve, reject })
      this.want(host, options)
    })
  }

  #state(host: string): HostState {
    let state = this.#states.get(host)
    if (!state) {
      state = {
        isDirty: false,
        isComplete: false,
        isRunning: false,
        failures: 0,
        lastMs: 0,
        interest: new Set(),
        waiting: [],
        wake: () => {},
      }
      this.#states.set(host, state)
    }
    return state
  }

  async #run(host: string, state: HostState) {
    state.isRunning = true
    while (state.isDirty) {
      // Changes of the same turn, and those that come while the host would be busy anyway, share one apply.
      await pause(state.lastMs < 2 ? 0 : Math.min(state.lastMs, gatherMsAtMost))
      const { isComplete } = state
      const waiting = state.waiting.splice(0)
      state.isDirty = false
      state.isComplete = false
      const started = performance.now()
      try {
        await this.#apply(host, state, isComplete)
        state.failures = 0
        for (const { resolve } of waiting) resolve()
      } catch (error) {
        this.#failed(host, state, error, waiting)
        await this.#backOff(state)
      }
      state.lastMs = performance.now() - started
    }
    state.isRunning = false
  }

  async #apply(host: string, state: HostState, isComplete: boolean) {
    const { hosts, hostBook, picture, config, ground } = this.#parts
    await picture.ready()
    const { networks, interest } = wantedOn(host, picture, {
      tunnels: hostBook.tunnels(),
      dnsServers: config.dnsServers,
    })
    state.interest = interest
    const { version } = picture
    await hosts.get(host).ask('apply', { version, isComplete, wanted: networks }, { withinMs: applyWithinMs })
    await settle(ground, picture, host, networks)
  }

  #failed(host: string, state: HostState, error: unknown, waiting: Waiting[]) {
    const { ground, hosts } = this.#parts
    state.failures++
    state.isDirty = hosts.names().includes(host)
    ground.log.error(
      { err: error, host, failures: state.failures },
      'a host could not be brought to its networks; trying again',
    )
    const problem = unavailable(`The host '${host}' could not be given its networks: ${messageOf(error)}`, {
      cause: error,
    })
    for (const { reject } of waiting) reject(problem)
  }

  async #backOff(state: HostState) {
    const ms = backoffMs[Math.min(state.failures, backoffMs.length) - 1]!
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.ground.clock.after(ms, resolve)
      state.wake = () => {
        cancel()
        resolve()
      }
    })
    state.wake = () => {}
  }
}
