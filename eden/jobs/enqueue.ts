// Putting a job into the transaction of the operation that wants it.
import { isoTime } from '../clock.ts'
import { everyone } from '../store/rows.ts'
import type { Transaction } from '../store/store.ts'
import type { Job } from './job.ts'
import { jobRecord } from './record.ts'

export interface About {
  resourceType: string
  resourceId: string
  /** Owner of the resource; the caller's project unless told. */
  projectId?: string | null
}

/** Jobs of one resource run one after the other, in the order in which they were enqueued. Returns the job's id. */
export async function enqueue<C, I, D>(
  transaction: Transaction,
  job: Job<C, I, D>,
  input: I,
  about: About,
): Promise<string> {
  const { call, store } = transaction
  const jobs = transaction.rows(jobRecord, everyone('jobs are numbered over all projects'))
  const now = store.clock.now()
  const row = await jobs.insert({
    id: store.ids.uuid(),
    number: await nextNumber(transaction),
    taskCount: job.steps.length,
    name: job.name,
    input: input as Record<string, unknown>,
    state: 'running',
    runAt: isoTime(now),
    // This process begins it as soon as it is committed; should it die before, the lease runs out.
    ...(store.jobLease && { leaseOwner: store.jobLease.owner, leaseUntil: isoTime(now + store.jobLease.ms) }),
    deadlineAt: isoTime(now + job.deadlineMs),
    projectId: about.projectId ?? call.credentials.projectId ?? null,
    userId: call.credentials.userId ?? null,
    requestId: call.requestId,
    credentials: call.credentials,
    resourceType: about.resourceType,
    resourceId: about.resourceId,
  })
  if (job.supersedes)
    for (const earlier of await jobs.list({ where: { resourceId: about.resourceId, active: true } }))
      if (earlier.id !== row.id) await jobs.update(earlier, { cancelRequested: true })
  transaction.enqueued.push({ id: row.id, job: job.name, steps: job.steps.map((step) => step.name) })
  return row.id
}

/** Behind the last job and its tasks. */
async function nextNumber(transaction: Transaction): Promise<number> {
  const [last] = await transaction.query<{ number: number; task_count: number }>(
    transaction.sql
      .selectFrom(jobRecord.table)
      .select(['number', 'task_count'])
      .orderBy('number', 'desc')
      .limit(1)
      .compile() as never,
  )
  return last ? last.number + last.task_count + 1 : 1
}
