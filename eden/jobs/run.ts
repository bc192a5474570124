// One job from where it stands to its end: do forward, or undo backward; each step noted durably once it is done.
import type { Call } from '../call.ts'
import { isoTime } from '../clock.ts'
import { isProblem, messageOf } from '../errors.ts'
import { everyone } from '../store/rows.ts'
import type { Transaction } from '../store/store.ts'
import type { Probe, StepObserver } from './engine.ts'
import { type AnyJob, type Failure, isAway, mayPass, type Step, type StepRun } from './job.ts'
import { type JobRecord, jobRecord } from './record.ts'

const beyond = everyone('the engine writes jobs of all projects')
const undoAttempts = 12

export type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'later'

export interface Running {
  job: AnyJob
  row: JobRecord
  context: unknown
  call: Call
  abort: AbortController
  owner: string
  leaseMs: number
  probe: Probe | undefined
  observeStep: StepObserver
  stopping: () => boolean
}

export async function runJob(running: Running): Promise<Outcome> {
  let row = running.row
  if (!(await claim(running))) return 'later'
  for (;;) {
    if (running.stopping()) return 'later'
    if (row.state === 'succeeded') return 'succeeded'
    if (row.state === 'running') {
      const stop = reasonToStop(running, row)
      if (stop) row = await turnBack(running, row, stop)
      else if (row.step >= running.job.steps.length) return succeed(running, row)
      else {
        const next = await forward(running, row)
        if (next === 'later') return 'later'
        row = next
      }
    } else {
      if (row.step < 0) return fail(running, row)
      const next = await backward(running, row)
      if (next === 'later') return 'later'
      row = next
    }
  }
}

/** Takes the lease, or learns that another process has it. */
async function claim({ call, row, owner, leaseMs }: Running): Promise<boolean> {
  if (row.leaseOwner === owner) return true
  return call.transaction(async (tx) => {
    const jobs = tx.rows(jobRecord, beyond)
    const now = await jobs.find(row.id)
    const at = isoTime(call.clock.now())
    if (!now?.active) return false
    if (now.leaseOwner !== null && now.leaseOwner !== owner && (now.leaseUntil ?? '') > at) return false
    await jobs.update(now, { leaseOwner: owner, leaseUntil: isoTime(call.clock.now() + leaseMs) })
    return true
  })
}

/** The engine interrupts a job that was asked to stop; between steps that is all there is to look at. */
function reasonToStop({ call, abort }: Running, row: JobRecord): Failure | undefined {
  if (abort.signal.aborted || row.cancelRequested)
    return { message: 'The job was cancelled.', kind: 'cancelled', status: 409, step: 'cancel' }
  if (isoTime(call.clock.now()) > row.deadlineAt)
    return { message: 'The job did not end before its deadline.', kind: 'timedOut', status: 504, step: 'deadline' }
  return undefined
}

async function forward(running: Running, row: JobRecord): Promise<JobRecord | 'later'> {
  const step = running.job.steps[row.step]!
  const from = running.call.clock.now()
  const isLast = row.step === running.job.steps.length - 1
  // The end of the last step is the end of the job, in one commit.
  const note = (result: unknown): Partial<JobRecord> => ({
    ...(isLast && { state: 'succeeded' as const, ...ended(running.call) }),
    step: row.step + 1,
    attempt: 1,
    done: { ...row.done, [step.name]: { ...(result !== undefined && { result }), from, to: running.call.clock.now() } },
  })
  try {
    return await carryOut(running, row, step, 'do', note)
  } catch (error) {
    if (running.stopping()) return 'later'
    const stop = reasonToStop(running, row)
    if (stop) return turnBack(running, row, stop)
    const tries = isAway(error) ? Math.max(step.attempts, step.awaits) : step.attempts
    if (mayPass(error) && row.attempt < tries) return retryLater(running, row, error, step)
    return turnBack(running, row, failureOf(error, step))
  }
}

async function backward(running: Running, row: JobRecord): Promise<JobRecord | 'later'> {
  const step = running.job.steps[row.step]!
  const note = (): Partial<JobRecord> => ({
    step: row.step - 1,
    attempt: 1,
    undone: { ...row.undone, [step.name]: running.call.clock.now() },
  })
  if (!step.undo) return save(running, row, note())
  try {
    return await carryOut(running, row, step, 'undo', note)
  } catch (error) {
    if (running.stopping()) return 'later'
    if (row.attempt < undoAttempts) return retryLater(running, row, error, step)
    running.call.log.error(
      { err: error, job: row.id, step: step.name },
      'a step could not be undone; reconcilers go on',
    )
    return save(running, row, {
      ...note(),
      failure: {
        ...row.failure!,
        message: `${row.failure!.message} (and '${step.name}' could not be undone: ${messageOf(error)})`,
      },
    })
  }
}

async function carryOut(
  running: Running,
  row: JobRecord,
  step: Step,
  direction: 'do' | 'undo',
  note: (result: unknown) => Partial<JobRecord>,
): Promise<JobRecord> {
  const { job, context, call, probe } = running
  const done = Object.fromEntries(Object.entries(row.done).map(([name, { result }]) => [name, result]))
  const work = (direction === 'do' ? step.do : step.undo) as (...parameters: unknown[]) => Promise<unknown>
  const limit = new AbortController()
  const run: StepRun = {
    call,
    jobId: row.id,
    attempt: row.attempt,
    signal: direction === 'do' ? AbortSignal.any([running.abort.signal, limit.signal]) : limit.signal,
    progress: () => {},
  }
  await probe?.('before', job.name, step.name, direction)
  const started = performance.now()
  let outcome: 'done' | 'failed' | 'undone' = 'failed'
  try {
    if (step.writes) {
      const next = await call.ground.store.transaction(
        call,
        async (tx) => {
          const result = await work(tx, row.input, done, context, run)
          await probe?.('after', job.name, step.name, direction)
          return write(tx, row, note(result))
        },
        true,
      )
      outcome = direction === 'do' ? 'done' : 'undone'
      return next
    }
    const result = await bounded(work(context, row.input, done, run), run.signal, limit, step.withinMs)
    await probe?.('after', job.name, step.name, direction)
    outcome = direction === 'do' ? 'done' : 'undone'
    return await save(running, row, note(result))
  } finally {
    running.observeStep(job.name, step.name, outcome, (performance.now() - started) / 1000)
    call.ground.log.debug(
      { job: row.id, name: job.name, step: step.name, direction, ms: performance.now() - started },
      'step',
    )
  }
}

/** Gives up waiting when the signal says so; the work itself is told by the same signal. */
async function bounded<T>(work: Promise<T>, signal: AbortSignal, limit: AbortController, withinMs: number): Promise<T> {
  work.catch(() => {})
  const timer = setTimeout(() => limit.abort(new Error(`no answer within ${withinMs / 1000} s`)), withinMs)
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

const failureOf = (error: unknown, step: Step): Failure => ({
  message: messageOf(error),
  kind: isProblem(error) ? error.kind : 'fault',
  status: isProblem(error) ? error.status : 500,
  step: step.name,
  ...(isProblem(error) && error.reason && { reason: error.reason }),
})

/** Backoff doubles from 50 ms to 10 s. */
async function retryLater(running: Running, row: JobRecord, error: unknown, step: Step): Promise<'later'> {
  const waitMs = Math.min(10_000, 50 * 2 ** (row.attempt - 1))
  running.call.log.warn(
    { err: error, job: row.id, step: step.name, attempt: row.attempt, waitMs },
    'a step failed and is tried again',
  )
  await save(running, row, { attempt: row.attempt + 1, runAt: isoTime(running.call.clock.now() + waitMs) })
  wakeAfter(running, waitMs)
  return 'later'
}

const wakeAfter = ({ call }: Running, waitMs: number) => call.clock.after(waitMs, () => call.ground.store.wakeJobs())

/** Undo begins with the step that was being done: it may have done a part. */
const turnBack = (running: Running, row: JobRecord, failure: Failure) => {
  running.call.log.info({ job: row.id, name: row.name, failure }, 'a job turns back')
  return save(running, row, {
    state: 'undoing',
    failure,
    attempt: 1,
    step: Math.min(row.step, running.job.steps.length - 1),
    ...(failure.kind === 'cancelled' && { cancelRequested: true }),
  })
}

const ended = (call: Call) => ({
  active: false,
  finishedAt: isoTime(call.clock.now()),
  leaseOwner: null,
  leaseUntil: null,
})

async function succeed(running: Running, row: JobRecord): Promise<Outcome> {
  await save(running, row, { state: 'succeeded', ...ended(running.call) })
  return 'succeeded'
}

async function fail({ job, row: first, call, context }: Running, row: JobRecord): Promise<Outcome> {
  const state = row.failure?.kind === 'cancelled' ? 'cancelled' : 'failed'
  const settle = job.whenFailed as
    | ((tx: Transaction, input: unknown, failure: Failure, context: unknown) => Promise<unknown>)
    | undefined
  await call.transaction(async (tx) => {
    await settle?.(tx, first.input, row.failure!, context)
    await write(tx, row, { state, ...ended(call) })
  })
  return state
}

const save = ({ call }: Running, row: JobRecord, patch: Partial<JobRecord>) =>
  call.ground.store.transaction(call, (tx) => write(tx, row, patch), true)

async function write(tx: Transaction, row: JobRecord, patch: Partial<JobRecord>): Promise<JobRecord> {
  return tx.rows(jobRecord, beyond).update(row, patch)
}
