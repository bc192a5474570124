// Runs jobs: finds what is due, holds it by lease, and takes over what a dead process left.
import type { CompiledQuery } from 'kysely'
import { Call, type Ground } from '../call.ts'
import { isoTime } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { everyone } from '../store/rows.ts'
import type { AnyJob } from './job.ts'
import { type JobRecord, jobRecord } from './record.ts'
import { type Outcome, runJob } from './run.ts'

const beyond = everyone('the engine runs jobs of all projects')

export interface EngineOptions {
  /** Jobs at work at the same time. */
  parallel?: number
  /** How long a job stays with a process that has gone silent. */
  leaseMs?: number
  /** No other process can be at work on this database, so jobs of earlier processes are taken over at once. */
  alone?: boolean
  /** How often to look for what fell due without a wake-up. */
  everyMs?: number
  observeStep?: StepObserver
}

/** Told of each step once it was done, undone, or has failed. */
export type StepObserver = (job: string, step: string, outcome: 'done' | 'failed' | 'undone', seconds: number) => void

/** For sweeps: called before and after each do and undo; what it throws counts as the step's failure. */
export type Probe = (
  at: 'before' | 'after',
  job: string,
  step: string,
  direction: 'do' | 'undo',
) => void | Promise<void>

/** Of more jobs than these the youngest wait until others have ended. */
const activeJobsSeen = 5000

interface ActiveJob {
  id: string
  name: string
  state: string
  resource_id: string | null
  run_at: string
  cancel_requested: number
  lease_owner: string | null
  lease_until: string | null
}

interface Registered {
  job: AnyJob
  service: string
  context: unknown
}

export class JobEngine {
  readonly owner: string
  probe: Probe | undefined
  readonly #ground: Ground
  readonly #jobs = new Map<string, Registered>()
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>()
  readonly #options: Required<EngineOptions>
  readonly #idle = new Set<() => void>()
  #activeQuery: CompiledQuery | undefined
  #stopListening: (() => void)[] = []
  #started = false
  #looking = false
  #lookAgain = false

  constructor(ground: Ground, options: EngineOptions = {}) {
    this.#ground = ground
    this.owner = ground.ids.uuid()
    this.#options = { parallel: 64, leaseMs: 20_000, alone: false, everyMs: 1000, observeStep: () => {}, ...options }
  }

  register(job: AnyJob, service: string, context: unknown) {
    if (this.#jobs.has(job.name)) throw new Error(`two jobs are named ${job.name}`)
    this.#jobs.set(job.name, { job, service, context })
  }

  get registered(): { job: AnyJob; service: string }[] {
    return [...this.#jobs.values()]
  }

  get runningCount() {
    return this.#running.size
  }

  async start(): Promise<void> {
    this.#started = true
    this.#ground.store.jobLease = { owner: this.owner, ms: this.#options.leaseMs }
    if (this.#options.alone) await this.#freeAll()
    this.#stopListening = [
      this.#ground.store.onJobs(() => this.wake()),
      this.#every(this.#options.everyMs, () => this.wake()),
    ]
    this.#stopListening.push(this.#every(this.#options.leaseMs / 3, () => void this.#renew()))
    this.wake()
  }

  /** Interrupts what runs, which goes on where it was after the next start. */
  async stop(): Promise<void> {
    this.#started = false
    this.#ground.store.jobLease = undefined
    for (const stop of this.#stopListening) stop()
    for (const { abort } of this.#running.values()) abort.abort(new Error('the process is shutting down'))
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  /** Looks for work now. */
  wake() {
    if (!this.#started) return
    this.#lookAgain = true
    if (this.#looking) return
    this.#looking = true
    void this.#lookRepeatedly().finally(() => {
      this.#looking = false
    })
  }

  /** Resolves when no job is active. */
  async idle(): Promise<void> {
    while (this.#running.size > 0 || (await this.#activeCount()) > 0)
      await new Promise<void>((resolve) => {
        this.#idle.add(resolve)
        this.#ground.clock.after(20, resolve)
      })
  }

  /** Asks a job to stop and undo. False where it has ended already. */
  async cancel(call: Call, id: string): Promise<boolean> {
    const asked = await call.transaction(async (tx) => {
      const jobs = tx.rows(jobRecord)
      const row = await jobs.get(id)
      if (!row.active) return false
      await jobs.update(row, { cancelRequested: true })
      return true
    })
    if (asked) this.#interrupt(id)
    this.wake()
    return asked
  }

  #interrupt(id: string) {
    this.#running.get(id)?.abort.abort(new Error('cancelled'))
  }

  #every(ms: number, callback: () => void): () => void {
    let cancel = () => {}
    const again = () => {
      cancel = this.#ground.clock.after(ms, () => {
        callback()
        again()
      })
    }
    again()
    return () => cancel()
  }

  async #activeCount() {
    return this.#ground.store.reads().rows(jobRecord, beyond).count({ active: true })
  }

  async #lookRepeatedly(): Promise<void> {
    while (this.#lookAgain && this.#started) {
      // Everything that wakes it in the same turn is answered by one look.
      await new Promise((resolve) => setImmediate(resolve))
      this.#lookAgain = false
      try {
        for (const row of await this.#due()) this.#begin(row)
      } catch (error) {
        this.#ground.log.error({ err: error }, 'looking for jobs failed')
        return
      }
    }
  }

  /** Jobs whose turn it is: due, not leased by another, and the oldest of their resource. */
  async #due(): Promise<JobRecord[]> {
    const room = this.#options.parallel - this.#running.size
    const now = isoTime(this.#ground.clock.now())
    const busy = new Set<string>()
    const due: string[] = []
    for (const one of await this.#active()) {
      const key = one.resource_id ?? one.id
      const isFirst = !busy.has(key)
      busy.add(key)
      if (this.#running.has(one.id)) {
        if (one.cancel_requested === 1 && one.state === 'running') this.#interrupt(one.id)
        continue
      }
      if (!isFirst || !this.#jobs.has(one.name) || due.length >= room) continue
      const leased = one.lease_owner !== null && one.lease_owner !== this.owner && (one.lease_until ?? '') > now
      if (!leased && (one.run_at <= now || one.cancel_requested === 1)) due.push(one.id)
    }
    if (due.length === 0) return []
    return this.#ground.store
      .reads()
      .rows(jobRecord, beyond)
      .list({ where: { id: due, active: true }, sort: [{ field: 'number' }] })
  }

  /** The little that decides about turns, of every job that has not ended. */
  async #active(): Promise<ActiveJob[]> {
    const { store } = this.#ground
    this.#activeQuery ??= store.sql
      .selectFrom(jobRecord.table)
      .select(['id', 'name', 'state', 'resource_id', 'run_at', 'cancel_requested', 'lease_owner', 'lease_until'])
      .where('active', '=', 1)
      .orderBy('number')
      .limit(activeJobsSeen)
      .compile()
    return store.reads().query<ActiveJob>(this.#activeQuery)
  }

  #begin(row: JobRecord) {
    const abort = new AbortController()
    const ended: Promise<void> = this.#run(row, abort)
      .then(() => {})
      .catch((error) => this.#ground.log.error({ err: error, job: row.id, name: row.name }, 'the job engine failed'))
      .finally(() => {
        this.#running.delete(row.id)
        for (const idle of this.#idle) idle()
        this.#idle.clear()
        this.wake()
      })
    this.#running.set(row.id, { abort, ended })
  }

  async #run(row: JobRecord, abort: AbortController): Promise<Outcome> {
    const { job, service, context } = this.#jobs.get(row.name)!
    const call = new Call(this.#ground, {
      requestId: row.requestId,
      credentials: row.credentials,
      service,
      sees: 'all',
      deadline: Number.MAX_SAFE_INTEGER,
    })
    return runJob({
      job,
      row,
      context,
      call,
      abort,
      owner: this.owner,
      leaseMs: this.#options.leaseMs,
      probe: this.probe,
      observeStep: this.#options.observeStep,
      stopping: () => !this.#started,
    })
  }

  async #freeAll() {
    const { store } = this.#ground
    const call = new Call(this.#ground, { requestId: 'start', credentials: { roles: [] }, service: 'eden' })
    await store.transaction(call, async (tx) => {
      const jobs = tx.rows(jobRecord, beyond)
      for (const row of await jobs.list({ where: { active: true } }))
        await jobs.update(row, { leaseOwner: null, leaseUntil: null, runAt: isoTime(store.clock.now()) })
    })
  }

  async #renew() {
    if (this.#running.size === 0) return
    const { store } = this.#ground
    const call = new Call(this.#ground, { requestId: 'lease', credentials: { roles: [] }, service: 'eden' })
    try {
      await store.transaction(call, async (tx) => {
        const until = isoTime(store.clock.now() + this.#options.leaseMs)
        const query = tx.sql
          .updateTable(jobRecord.table)
          .set({ lease_until: until })
          .where('lease_owner', '=', this.owner)
          .where('active', '=', 1)
        await tx.run(query.compile())
      })
    } catch (error) {
      this.#ground.log.warn({ err: messageOf(error) }, 'leases of running jobs could not be renewed')
    }
  }
}
