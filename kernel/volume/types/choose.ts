// Finding a type by its name or id among those that a project may use.
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { typeAccess, type VolumeType, volumeType } from './type.ts'

export async function findType(reads: Readable | Call, nameOrId: string): Promise<VolumeType> {
  const types = reads.rows(volumeType)
  const row = (await types.find(nameOrId)) ?? (await types.first({ name: nameOrId }))
  if (!row) throw notFound(`Volume type ${nameOrId} could not be found.`, { reason: { type: nameOrId } })
  return row as VolumeType
}

export async function mayUse(call: Call, type: VolumeType): Promise<boolean> {
  if (type.isPublic || call.sees === 'all') return true
  const projectId = call.credentials.projectId ?? ''
  return (await call.rows(typeAccess).count({ typeId: type.id, projectId })) > 0
}

/** @throws 404 also for a type that the project may not use. */
export async function allowedType(call: Call, nameOrId: string): Promise<VolumeType> {
  const type = await findType(call, nameOrId)
  if (await mayUse(call, type)) return type
  throw notFound(`Volume type ${nameOrId} could not be found.`, { reason: { type: nameOrId } })
}
