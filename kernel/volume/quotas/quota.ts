// Limits of volumes, snapshots and GiB per project, counted from the rows.
import type { Call } from '../../../eden/call.ts'
import { isProblem, Problem } from '../../../eden/errors.ts'
import { checkQuota } from '../../../eden/quota/quota.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable, Transaction } from '../../../eden/store/store.ts'
import type { VolumeConfig } from '../config.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { volumeType } from '../types/type.ts'
import { volume } from '../volumes/volume.ts'

const beyond = everyone('what a project uses is counted whoever asks')

/** The limits where nobody set any. Backups and groups are named because clients expect them; this cloud has none. */
export function defaultLimits(config: VolumeConfig, typeNames: readonly string[]): Record<string, number> {
  return {
    volumes: config.quotaVolumes,
    snapshots: config.quotaSnapshots,
    gigabytes: config.quotaGigabytes,
    per_volume_gigabytes: config.quotaPerVolumeGigabytes,
    backups: 10,
    backup_gigabytes: 1000,
    groups: 10,
    ...Object.fromEntries(
      typeNames.flatMap((name) =>
        [`volumes_${name}`, `snapshots_${name}`, `gigabytes_${name}`].map((key) => [key, -1]),
      ),
    ),
  }
}

export const typeNamesIn = async (reads: Readable | Call) =>
  (await reads.rows(volumeType).list({ sort: [{ field: 'createdAt' }] })).map(({ name }) => name)

/** How much of a limited thing a project has. */
export async function usedOf(reads: Readable | Call, projectId: string, resource: string): Promise<number> {
  const volumes = reads.rows(volume, beyond)
  const snapshots = reads.rows(snapshot, beyond)
  const [, kind, typeName] = /^(volumes|snapshots|gigabytes)(?:_(.*))?$/.exec(resource) ?? []
  if (!kind) return 0
  if (typeName === undefined) {
    if (kind === 'volumes') return volumes.count({ projectId })
    if (kind === 'snapshots') return snapshots.count({ projectId })
    return (await volumes.sum('sizeGiB', { projectId })) + (await snapshots.sum('sizeGiB', { projectId }))
  }
  const type = await reads.rows(volumeType).first({ name: typeName })
  if (!type) return 0
  const where = { projectId, volumeTypeId: type.id }
  if (kind === 'volumes') return volumes.count(where)
  const ofType = new Set((await volumes.list({ where })).map(({ id }) => id))
  const taken = (await snapshots.list({ where: { projectId } })).filter(({ volumeId }) => ofType.has(volumeId))
  if (kind === 'snapshots') return taken.length
  return (await volumes.sum('sizeGiB', where)) + taken.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0)
}

/** @throws 413, as Cinder says it, with the limit, what is used and what was asked. */
export async function claim(
  tx: Transaction,
  config: VolumeConfig,
  projectId: string,
  asked: Partial<Record<'volumes' | 'snapshots' | 'gigabytes', number>>,
  typeName: string,
  volumeSizeGiB?: number,
): Promise<void> {
  const all: Record<string, number> = {}
  for (const [name, count] of Object.entries(asked)) {
    all[name] = count
    all[`${name}_${typeName}`] = count
  }
  if (volumeSizeGiB !== undefined) all.per_volume_gigabytes = volumeSizeGiB
  try {
    await checkQuota(tx, {
      service: 'volume',
      projectId,
      defaults: defaultLimits(config, [typeName]),
      asked: all,
      used: (resource) => usedOf(tx, projectId, resource),
    })
  } catch (error) {
    if (!isProblem(error) || error.kind !== 'overQuota') throw error
    const names: Record<string, string> = {
      volumes: 'VolumeLimitExceeded: Maximum number of volumes allowed exceeded.',
      snapshots: 'SnapshotLimitExceeded: Maximum number of snapshots allowed exceeded.',
    }
    const { resource } = (error.reason as { quota: { resource: string } }).quota
    throw new Problem(413, 'overQuota', `${names[resource] ?? 'VolumeSizeExceedsAvailableQuota:'} ${error.message}`, {
      ...(error.reason && { reason: error.reason }),
    })
  }
}
