// Limits per project and resource. What is used is counted from the rows each time, so it never drifts.
import { overQuota } from '../errors.ts'
import { id, integer, text } from '../resource/fields.ts'
import { resource } from '../resource/resource.ts'
import { everyone, type Scope } from '../store/rows.ts'
import type { Readable, Transaction } from '../store/store.ts'

/** -1 is without limit. */
export const quotaLimit = resource('quota-limit', {
  service: 'eden',
  plural: 'quota-limits',
  owner: 'projectId',
  unique: [['service', 'projectId', 'resource']],
  fields: {
    id: id(),
    service: text(),
    /** A project's id, or `class:default` for what every project gets. */
    projectId: id(),
    resource: text(),
    limit: integer({ min: -1 }),
  },
})

export const defaultClass = 'class:default'
const beyond: Scope = everyone('limits are set by administrators for others')

/** The limits in force for a project: its own, else the class's, else `defaults` (from the settings). */
export async function limitsOf(
  reads: Readable,
  service: string,
  projectId: string,
  defaults: Record<string, number>,
): Promise<Record<string, number>> {
  const rows = await reads.rows(quotaLimit, beyond).list({ where: { service, projectId: [defaultClass, projectId] } })
  const result = { ...defaults }
  for (const wanted of [defaultClass, projectId])
    for (const row of rows) if (row.projectId === wanted) result[row.resource] = row.limit
  return result
}

export async function setLimits(
  transaction: Transaction,
  service: string,
  projectId: string,
  limits: Record<string, number>,
): Promise<void> {
  const rows = transaction.rows(quotaLimit, beyond)
  for (const [name, limit] of Object.entries(limits)) {
    const present = await rows.first({ service, projectId, resource: name })
    if (present) await rows.update(present, { limit })
    else await rows.insert({ id: transaction.store.ids.uuid(), service, projectId, resource: name, limit })
  }
}

/** Back to the defaults. */
export async function clearLimits(transaction: Transaction, service: string, projectId: string): Promise<void> {
  await transaction.rows(quotaLimit, beyond).removeAll({ service, projectId })
}

/**
 * Inside the transaction that makes the rows, before they are made; the store's one writer makes the check exact.
 * @param asked how much more of each resource.
 * @param used counts what is there, e.g. from rows; called only for resources that are asked for and limited.
 * @throws 403 `overQuota` with the resource, limit, used and asked.
 */
export async function checkQuota(
  transaction: Transaction,
  quota: {
    service: string
    projectId: string
    defaults: Record<string, number>
    asked: Record<string, number>
    used: (resource: string) => Promise<number>
  },
): Promise<void> {
  const limits = await limitsOf(transaction, quota.service, quota.projectId, quota.defaults)
  for (const [name, asked] of Object.entries(quota.asked)) {
    const limit = limits[name] ?? -1
    if (limit < 0 || asked <= 0) continue
    const used = await quota.used(name)
    if (used + asked > limit) throw overQuota({ resource: name, limit, used, asked })
  }
}
