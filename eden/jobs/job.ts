// A job is a saga: named steps, each with do and undo, both safe to repeat.
import type { Call } from '../call.ts'
import { type Duration, milliseconds } from '../duration.ts'
import type { Problem } from '../errors.ts'
import type { Transaction } from '../store/store.ts'

/** What a step is told besides its input. */
export interface StepRun {
  /** The cloud at work for whoever asked: their user, project and request id, with sight of all rows. */
  call: Call
  jobId: string
  /** Aborted when the job is cancelled, past its deadline, or the process shuts down. */
  signal: AbortSignal
  /** 1 at the first try. */
  attempt: number
  /** Percentage of this step, for those who watch. */
  progress(percent: number): void
}

interface StepOptions<C, I, D, R> {
  do: (context: C, input: I, done: D, run: StepRun) => Promise<R>
  /** Harmless where nothing was done; `done` may lack this step's own result. */
  undo?: (context: C, input: I, done: Partial<D>, run: StepRun) => Promise<unknown>
  /** Tries before the step counts as failed, where the failure may pass (see `mayPass`); 6 unless told. */
  attempts?: number
  /** Tries while what it needs is away (503, 504), a host that starts anew for instance; 20 unless told: two minutes. */
  awaits?: number
  /** How long one try may take; 5 minutes unless told. */
  within?: Duration
}

interface WriteOptions<C, I, D, R> {
  /** Runs in the transaction that also records the step as done. */
  do: (transaction: Transaction, input: I, done: D, context: C, run: StepRun) => Promise<R>
  undo?: (transaction: Transaction, input: I, done: Partial<D>, context: C, run: StepRun) => Promise<unknown>
}

export interface Step {
  name: string
  writes: boolean
  attempts: number
  awaits: number
  withinMs: number
  do: (...parameters: never[]) => Promise<unknown>
  undo: ((...parameters: never[]) => Promise<unknown>) | undefined
}

export interface Failure {
  message: string
  kind: string
  status: number
  step: string
  reason?: Record<string, unknown>
}

export class Job<C = never, I = never, D = Record<never, never>> {
  readonly name: string
  readonly steps: readonly Step[]
  readonly deadlineMs: number
  readonly whenFailed:
    | ((transaction: Transaction, input: I, failure: Failure, context: C) => Promise<unknown>)
    | undefined
  readonly supersedes: boolean

  constructor(
    name: string,
    steps: readonly Step[],
    options: {
      deadlineMs: number
      supersedes: boolean
      whenFailed?: (transaction: Transaction, input: I, failure: Failure, context: C) => Promise<unknown>
    },
  ) {
    this.name = name
    this.steps = steps
    this.deadlineMs = options.deadlineMs
    this.supersedes = options.supersedes
    this.whenFailed = options.whenFailed
  }

  /** Work outside the database. */
  step<const N extends string, R>(name: N, step: StepOptions<C, I, D, R>): Job<C, I, D & Record<N, Awaited<R>>> {
    return this.#with({
      name,
      writes: false,
      attempts: step.attempts ?? 6,
      awaits: step.awaits ?? 20,
      withinMs: milliseconds(step.within ?? '5m'),
      do: step.do,
      undo: step.undo,
    })
  }

  /** Work in the database alone; it commits together with the note that it was done. */
  write<const N extends string, R>(name: N, step: WriteOptions<C, I, D, R>): Job<C, I, D & Record<N, Awaited<R>>> {
    return this.#with({ name, writes: true, attempts: 6, awaits: 20, withinMs: 30_000, do: step.do, undo: step.undo })
  }

  /** After all undos: puts the resource into an honest end state. Commits together with the job's own end. */
  failed(settle: (transaction: Transaction, input: I, failure: Failure, context: C) => Promise<unknown>): Job<C, I, D> {
    return new Job<C, I, D>(this.name, this.steps, { ...this.#options(), whenFailed: settle })
  }

  #options() {
    return { deadlineMs: this.deadlineMs, supersedes: this.supersedes, whenFailed: this.whenFailed }
  }

  #with<R>(step: Step): Job<C, I, R> {
    if (this.steps.some((other) => other.name === step.name))
      throw new Error(`job ${this.name} has two steps '${step.name}'`)
    const { whenFailed, ...options } = this.#options()
    return new Job<C, I, R>(this.name, [...this.steps, step], { ...options, ...(whenFailed && { whenFailed }) })
  }
}

export type AnyJob = Job<never, never, never>

/**
 * @param name `service.action`, e.g. `volume.create`.
 * @param deadline after which the job gives up and undoes; 30 minutes unless told.
 * @param supersedes jobs of the same resource that have not ended are cancelled, and this one runs when they have.
 */
export function job<C, I>(name: string, options: { deadline?: Duration; supersedes?: boolean } = {}): Job<C, I> {
  return new Job<C, I>(name, [], {
    deadlineMs: milliseconds(options.deadline ?? '30m'),
    supersedes: options.supersedes ?? false,
  })
}

/** Tries enough for half an hour. What was promised to go is taken away once everything that it needs is back. */
export const patient = 190

/** Is somebody away who will be back? */
export const isAway = (error: unknown): boolean => [503, 504].includes((error as Problem | undefined)?.status ?? 0)

/** May the same try succeed a moment later? Refusals of the caller's wish do not pass; faults on the way may. */
export const mayPass = (error: unknown): boolean => {
  const status = (error as Problem | undefined)?.status
  return typeof status === 'number' ? status >= 500 && status !== 501 : !(error instanceof TypeError)
}
