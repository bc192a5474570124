// Jobs of every service, in the form in which HP Cloud OS showed those of Eve: a job with its tasks.
import type { Call } from '../call.ts'
import { conflict } from '../errors.ts'
import { accepted, ok } from '../http/request.ts'
import { type JobRecord, jobRecord } from '../jobs/record.ts'
import { listOptions } from '../resource/listing.ts'
import type { ServiceOperation } from '../service.ts'
import { type EdenContext, requireTenant } from './context.ts'

type Operation = ServiceOperation<EdenContext>

export const listJobs: Operation = async ({ assembly }, call, input) => {
  requireTenant(call, input.params.tenant!)
  const options = listOptions(jobRecord, input, {
    maxLimit: 1000,
    sort: [{ field: 'number', descending: true }],
    besides: ['token', 'servicetype'],
  })
  const prefix = input.query.servicetype
  const rows = await call.rows(jobRecord).list({
    ...options,
    where: {
      ...options.where,
      projectId: input.params.tenant!,
      ...(prefix && { name: { compare: 'like', value: `${prefix}.%` } }),
    },
  })
  return ok({ job: rows.map((row) => shown(assembly, call, row)) })
}

export const showJob: Operation = async ({ assembly }, call, { params }) => {
  requireTenant(call, params.tenant!)
  return ok({ job: shown(assembly, call, await found(call, params.id!)) })
}

export const cancelJob: Operation = async ({ assembly }, call, { params }) => {
  requireTenant(call, params.tenant!)
  const row = await found(call, params.id!)
  if (!row.active) throw conflict(`Job ${row.number} has ended already.`)
  if (!call.dryRun) await assembly.jobs.cancel(call, row.id)
  return accepted({ job: shown(assembly, call, call.dryRun ? row : await found(call, params.id!)) })
}

/** By its number, as clients know it, or by its id. */
async function found(call: Call, key: string): Promise<JobRecord> {
  const jobs = call.rows(jobRecord)
  const row = /^\d+$/.test(key) ? await jobs.first({ number: Number(key) }) : await jobs.find(key)
  if (!row) throw jobs.missing(key)
  return row
}

function stateOf(row: JobRecord): string {
  const isCancelled = row.cancelRequested
  if (row.state === 'running')
    return isCancelled
      ? 'cancel-initiated'
      : row.step > 0 || row.attempt > 1 || row.leaseOwner
        ? 'started'
        : 'initiated'
  if (row.state === 'undoing') return isCancelled ? 'cancel-started' : 'started'
  return row.state === 'cancelled' ? 'cancel-succeeded' : row.state
}

function shown(assembly: EdenContext['assembly'], call: Call, row: JobRecord) {
  const registered = assembly.jobs.registered.find(({ job }) => job.name === row.name)
  const steps = registered?.job.steps ?? []
  const base = `${call.origin}/eden/1/${row.projectId}/job_list/${row.number}`
  return {
    id: row.number,
    uuid: row.id,
    name: row.name,
    description: row.name,
    owner: row.userId,
    tenantId: row.projectId,
    servicetype: row.name.split('.')[0],
    state: stateOf(row),
    progress: row.state === 'succeeded' ? 100 : Math.round((100 * Math.max(row.step, 0)) / Math.max(row.taskCount, 1)),
    starttime: withOffset(row.createdAt),
    ...(row.finishedAt && { endtime: withOffset(row.finishedAt) }),
    resource: { type: row.resourceType, id: row.resourceId },
    request_id: row.requestId,
    result: row.active
      ? ''
      : JSON.stringify({ statusCode: row.failure?.status ?? 200, message: row.failure?.message ?? 'done' }),
    uri: base,
    task: steps.map((step, index) => taskOf(row, step.name, index)),
  }
}

function taskOf(row: JobRecord, name: string, index: number) {
  const done = row.done[name]
  const undone = row.undone[name]
  const isCurrent = row.active && row.step === index
  const failed = row.failure?.step === name
  const state = undone
    ? 'cancel-succeeded'
    : failed
      ? 'failed'
      : done
        ? 'succeeded'
        : isCurrent
          ? 'started'
          : row.active
            ? 'initiated'
            : 'unknown'
  return {
    id: row.number + 1 + index,
    name,
    state,
    progress: done ? 100 : 0,
    isActive: isCurrent,
    ...(done && { starttime: withOffset(done.from), endtime: withOffset(done.to) }),
    ...(failed && { taskStatus: row.failure!.message }),
  }
}

const withOffset = (time: string | number) => new Date(time).toISOString().replace('Z', '+00:00')
