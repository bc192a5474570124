// A job ends; a reconciler never does: it compares what should be with what is, and repairs the difference.
import { type Call, cloudCall, type Ground } from '../call.ts'
import { type Duration, milliseconds } from '../duration.ts'

export interface Reconciler<C = unknown> {
  name: string
  /** How often, where nothing triggers it earlier. */
  every: Duration
  /** Safe to repeat and to interrupt. Returns what it repaired, in words, for those who watch. */
  run(context: C, call: Call): Promise<string[]>
}

export const reconciler = <C>(name: string, definition: Omit<Reconciler<C>, 'name'>): Reconciler<C> => ({
  name,
  ...definition,
})

export interface ReconcilerState {
  name: string
  service: string
  lastAt: number | undefined
  lastError: string | undefined
  repaired: number
}

interface Entry {
  service: string
  reconciler: Reconciler<never>
  context: unknown
  state: ReconcilerState
  running: Promise<void> | undefined
  again: boolean
  cancel: () => void
}

export class ReconcilerLoop {
  readonly #ground: Ground
  readonly #entries = new Map<string, Entry>()
  #started = false

  constructor(ground: Ground) {
    this.#ground = ground
  }

  register(reconciler: Reconciler<never>, service: string, context: unknown) {
    this.#entries.set(reconciler.name, {
      service,
      reconciler,
      context,
      running: undefined,
      again: false,
      cancel: () => {},
      state: { name: reconciler.name, service, lastAt: undefined, lastError: undefined, repaired: 0 },
    })
  }

  get states(): ReconcilerState[] {
    return [...this.#entries.values()].map(({ state }) => state)
  }

  /** Runs each once before it resolves, so that what a crash left is settled when the cloud says that it is up. */
  async start(): Promise<void> {
    this.#started = true
    await Promise.all([...this.#entries.keys()].map((name) => this.trigger(name)))
  }

  async stop(): Promise<void> {
    this.#started = false
    for (const entry of this.#entries.values()) entry.cancel()
    await Promise.all([...this.#entries.values()].map(({ running }) => running))
  }

  /** Runs it now; asked again while it runs, it runs once more afterwards. Resolves when it has ended. */
  trigger(name: string): Promise<void> {
    const entry = this.#entries.get(name)
    if (!entry || !this.#started) return Promise.resolve()
    if (entry.running) {
      entry.again = true
      return entry.running
    }
    entry.running = this.#run(entry).finally(() => {
      entry.running = undefined
      this.#schedule(entry)
    })
    return entry.running
  }

  /** Runs every one of them now. */
  async triggerAll(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((name) => this.trigger(name)))
  }

  #schedule(entry: Entry) {
    entry.cancel()
    if (!this.#started) return
    entry.cancel = this.#ground.clock.after(
      milliseconds(entry.reconciler.every),
      () => void this.trigger(entry.reconciler.name),
    )
  }

  async #run(entry: Entry): Promise<void> {
    do {
      entry.again = false
      const call = cloudCall(this.#ground, entry.service)
      try {
        const repaired = await entry.reconciler.run(entry.context as never, call)
        entry.state.lastError = undefined
        entry.state.repaired += repaired.length
        for (const what of repaired) call.log.info({ reconciler: entry.reconciler.name, what }, 'repaired')
      } catch (error) {
        entry.state.lastError = error instanceof Error ? error.message : String(error)
        call.log.error({ err: error, reconciler: entry.reconciler.name }, 'a reconciler failed and will run again')
      }
      entry.state.lastAt = this.#ground.clock.now()
    } while (entry.again && this.#started)
  }
}
