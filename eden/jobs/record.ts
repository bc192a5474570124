// A job as it is kept: what to do, how far it is, who works on it.
import { Type } from 'typebox'
import type { Credentials } from '../policy/credentials.ts'
import { createdAt, flag, id, integer, json, maybe, oneOf, text, time, updatedAt } from '../resource/fields.ts'
import { type Row, resource } from '../resource/resource.ts'
import type { Failure } from './job.ts'

export const jobStates = ['running', 'undoing', 'succeeded', 'failed', 'cancelled'] as const

export const jobRecord = resource('job', {
  service: 'eden',
  plural: 'jobs',
  unlogged: true,
  owner: 'projectId',
  indexes: [['active', 'runAt'], ['resourceId', 'active'], ['number']],
  fields: {
    id: id(),
    /** From one sequence with the numbers of tasks: the steps take the numbers that follow the job's. */
    number: integer(),
    taskCount: integer(),
    name: text(),
    input: json<Record<string, unknown>>(Type.Unknown()),
    state: oneOf(jobStates),
    /** True until the job has ended. */
    active: flag({ default: true }),
    /** Index of the step that is next to be done, or undone. */
    step: integer({ default: 0 }),
    /** Result, and times in milliseconds since 1970, of each step that was done. */
    done: json<Record<string, { result?: unknown; from: number; to: number }>>(Type.Unknown(), { default: () => ({}) }),
    undone: json<Record<string, number>>(Type.Unknown(), { default: () => ({}) }),
    attempt: integer({ default: 1 }),
    failure: maybe(json<Failure>(Type.Unknown())),
    cancelRequested: flag({ default: false }),
    runAt: time(),
    deadlineAt: time(),
    leaseOwner: maybe(text()),
    leaseUntil: maybe(time()),
    projectId: maybe(id()),
    userId: maybe(id()),
    requestId: text(),
    credentials: json<Credentials>(Type.Unknown(), { hidden: true }),
    resourceType: maybe(text()),
    resourceId: maybe(id()),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    finishedAt: maybe(time()),
  },
})
export type JobRecord = Row<typeof jobRecord>
