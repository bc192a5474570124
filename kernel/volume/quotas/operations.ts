// Quota sets of projects and of the default class, and the limits that a project sees.
import type { Call } from '../../../eden/call.ts'
import { badRequest } from '../../../eden/errors.ts'
import { ok, reply } from '../../../eden/http/request.ts'
import { clearLimits, defaultClass, limitsOf, setLimits } from '../../../eden/quota/quota.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { Readable } from '../../../eden/store/store.ts'
import type { VolumeConfig } from '../config.ts'
import type { VolumeContext } from '../context.ts'
import { wrappedIn } from '../wire.ts'
import { defaultLimits, typeNamesIn, usedOf } from './quota.ts'

type Operation = ServiceOperation<VolumeContext>

async function limits(config: VolumeConfig, reads: Readable, projectId: string) {
  return limitsOf(reads, 'volume', projectId, defaultLimits(config, await typeNamesIn(reads)))
}

const committed = (call: Call) => call.ground.store.reads(call)

export const showQuota: Operation = async ({ config }, call, { params, query }) => {
  const id = params.id!
  call.require('volume_extension:quotas:show', { project_id: id, tenant_id: id })
  const found = await limits(config, committed(call), id)
  if (!parseFlag(query.usage ?? 'false')) return ok({ quota_set: { id, ...found } })
  const withUse: Record<string, unknown> = {}
  for (const [name, limit] of Object.entries(found))
    withUse[name] = { limit, in_use: await usedOf(call, id, name), reserved: 0 }
  return ok({ quota_set: { id, ...withUse } })
}

export const showQuotaDefaults: Operation = async ({ config }, call, { params }) => {
  const id = params.id!
  call.require('volume_extension:quotas:show', { project_id: id, tenant_id: id })
  return ok({ quota_set: { id, ...(await limits(config, committed(call), defaultClass)) } })
}

export const updateQuota: Operation = async ({ config }, call, { params, body }) => {
  const id = params.id!
  const given = limitsFrom(wrappedIn(body, 'quota_set'))
  const after = await call.transaction(async (tx) => {
    await requireKnown(config, tx, given)
    await setLimits(tx, 'volume', id, given)
    return limits(config, tx, id)
  })
  return ok({ quota_set: after })
}

export const deleteQuota: Operation = async (_, call, { params }) => {
  await call.transaction((tx) => clearLimits(tx, 'volume', params.id!))
  return reply(200)
}

export const showQuotaClass: Operation = async ({ config }, call, { params }) =>
  ok({ quota_class_set: { id: params.id!, ...(await limits(config, committed(call), `class:${params.id}`)) } })

export const updateQuotaClass: Operation = async ({ config }, call, { params, body }) => {
  const given = limitsFrom(wrappedIn(body, 'quota_class_set'))
  const after = await call.transaction(async (tx) => {
    await requireKnown(config, tx, given)
    await setLimits(tx, 'volume', `class:${params.id}`, given)
    return limits(config, tx, `class:${params.id}`)
  })
  return ok({ quota_class_set: after })
}

function limitsFrom(body: Record<string, unknown>): Record<string, number> {
  const result: Record<string, number> = {}
  for (const [name, value] of Object.entries(body)) {
    if (['tenant_id', 'project_id', 'id', 'force', 'class_name'].includes(name)) continue
    const limit = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < -1 || limit > 2147483647)
      throw badRequest(`Quota '${name}' limit must be a whole number of -1 or more, not '${String(value)}'.`)
    result[name] = limit
  }
  return result
}

async function requireKnown(config: VolumeConfig, reads: Readable, given: Record<string, number>) {
  const known = defaultLimits(config, await typeNamesIn(reads))
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(known, name))
  if (unknown.length > 0) throw badRequest(`Bad key(s) in quota set: ${unknown.join(', ')}.`)
}

export const showLimits: Operation = async ({ config }, call, { query }) => {
  const id = call.sees === 'all' && query.project_id ? query.project_id : call.projectId
  const found = await limits(config, committed(call), id)
  return ok({
    limits: {
      rate: [],
      absolute: {
        maxTotalVolumes: found.volumes,
        maxTotalSnapshots: found.snapshots,
        maxTotalVolumeGigabytes: found.gigabytes,
        maxTotalBackups: found.backups,
        maxTotalBackupGigabytes: found.backup_gigabytes,
        totalVolumesUsed: await usedOf(call, id, 'volumes'),
        totalSnapshotsUsed: await usedOf(call, id, 'snapshots'),
        totalGigabytesUsed: await usedOf(call, id, 'gigabytes'),
        totalBackupsUsed: 0,
        totalBackupGigabytesUsed: 0,
      },
    },
  })
}
