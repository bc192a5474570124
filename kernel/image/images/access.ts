// Finding an image for a caller and asking the policy about it: unseen is 404, seen but not allowed is 403.
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable, Transaction } from '../../../eden/store/store.ts'
import { member } from '../members/member.ts'
import { type Image, image } from './image.ts'

export async function findImage(reads: Readable | Call, id: string): Promise<Image> {
  const row = await reads.rows(image).find(id)
  if (!row) throw notFound(`Failed to find image ${id}`, { reason: { resource: 'image', id } })
  return row as Image
}

/** The image as the target of policy rules; `member_id` is the caller's project where the image is shared with it. */
export async function targetOf(call: Call, row: Image): Promise<Record<string, unknown>> {
  const projectId = call.credentials.projectId ?? null
  const shared =
    row.visibility === 'shared' && projectId !== null && projectId !== row.owner
      ? await call.ground.store
          .reads(call)
          .rows(member, everyone('membership decides what the policy allows'))
          .first({ imageId: row.id, memberId: projectId })
      : undefined
  return {
    project_id: row.owner,
    tenant_id: row.owner,
    owner: row.owner,
    visibility: row.visibility,
    image_id: row.id,
    member_id: shared?.memberId ?? null,
  }
}

/** The image, where the caller sees it and the rule allows. */
export async function allowedImage(call: Call, id: string, rule: string): Promise<Image> {
  const row = await findImage(call, id)
  call.require(rule, await targetOf(call, row))
  return row
}

/** The image as it is now, inside a transaction. */
export const freshImage = (tx: Transaction, id: string) => findImage(tx, id)
