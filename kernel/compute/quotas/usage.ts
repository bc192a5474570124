// What a project uses of its limits, counted from the rows; and the check of a new server against them.
import { forbidden, Problem } from '../../../eden/errors.ts'
import { limitsOf } from '../../../eden/quota/quota.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable, Transaction } from '../../../eden/store/store.ts'
import { quotaDefaults } from '../config.ts'
import type { ComputeContext } from '../context.ts'
import type { Flavor } from '../flavors/flavor.ts'
import { serverGroup } from '../groups/group.ts'
import { server } from '../servers/server.ts'

export interface ProjectUsage {
  instances: number
  cores: number
  ram: number
}

export async function usageOfProject(reads: Readable, projectId: string): Promise<ProjectUsage> {
  const query = reads.sql
    .selectFrom('compute_servers')
    .select((eb) => [
      eb.fn.countAll().as('instances'),
      eb.fn.sum('vcpus').as('cores'),
      eb.fn.sum('memory_mi_b').as('ram'),
    ])
    .where('project_id', '=', projectId)
  const [row] = await reads.query<{ instances: number; cores: number | null; ram: number | null }>(query.compile())
  return { instances: Number(row?.instances ?? 0), cores: Number(row?.cores ?? 0), ram: Number(row?.ram ?? 0) }
}

const beyond = everyone('administrators ask about other projects')

export const groupsOfProject = (reads: Readable, projectId: string) =>
  reads.rows(serverGroup, beyond).count({ projectId })

export interface AskedServers {
  flavor: Flavor
  count: number
  minCount: number
  given: { metadata?: Record<string, string>; min_count?: unknown; max_count?: unknown }
  place: { groupId?: string }
}

/** How many of the servers the limits allow, at least `minCount`. @throws 403 that names what is short. */
export async function checkServerQuota(
  { config }: ComputeContext,
  tx: Transaction,
  { flavor, count, minCount, given, place }: AskedServers,
): Promise<number> {
  const projectId = tx.call.projectId
  const limits = await limitsOf(tx, 'compute', projectId, quotaDefaults(config))
  const items = Object.keys(given.metadata ?? {}).length
  if (limits.metadata_items! >= 0 && items > limits.metadata_items!)
    throw forbidden(`Maximum number of metadata items exceeds ${limits.metadata_items}`)
  const used = await usageOfProject(tx, projectId)
  const each: ProjectUsage = { instances: 1, cores: flavor.vcpus, ram: flavor.memoryMiB }
  const names = Object.keys(each) as (keyof ProjectUsage)[]
  const room = (name: keyof ProjectUsage) =>
    limits[name]! < 0 ? Number.POSITIVE_INFINITY : Math.floor((limits[name]! - used[name]) / each[name])
  const allowed = Math.min(count, ...names.map(room))
  if (allowed < minCount)
    throw short(
      names.filter((name) => room(name) < minCount),
      limits,
      used,
      each,
      minCount,
    )
  if (place.groupId !== undefined) {
    const members = await tx.rows(server, beyond).count({ groupId: place.groupId })
    if (limits.server_group_members! >= 0 && members + allowed > limits.server_group_members!)
      throw forbidden('Quota exceeded, too many servers in group')
  }
  return allowed
}

function short(
  names: (keyof ProjectUsage)[],
  limits: Record<string, number>,
  used: ProjectUsage,
  each: ProjectUsage,
  count: number,
) {
  const list = (values: (name: keyof ProjectUsage) => number) => names.map(values).join(', ')
  return new Problem(
    403,
    'overQuota',
    `Quota exceeded for ${names.join(', ')}: Requested ${list((name) => each[name] * count)}, but already used ${list((name) => used[name])} of ${list((name) => limits[name]!)} ${names.join(', ')}`,
    {
      reason: {
        quota: names.map((name) => ({
          resource: name,
          limit: limits[name],
          used: used[name],
          asked: each[name] * count,
        })),
      },
    },
  )
}
