// Locking a server against its owners' own hands.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { beginAction, endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import { speaks } from '../versions/since.ts'
import { getServer } from './find.ts'
import { server } from './server.ts'

export const lockBody = Type.Union([
  Type.Null(),
  Type.Object(
    { locked_reason: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) },
    { additionalProperties: false },
  ),
])

export async function lock(_: ComputeContext, call: Call, id: string, given: { locked_reason?: string } | null) {
  if (given?.locked_reason !== undefined && !speaks(call, '2.73')) throw badRequest('Reasons of locks came with 2.73.')
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, id, 'os_compute_api:os-lock-server:lock')
    await tx.rows(server).update(row, {
      isLocked: true,
      lockedReason: given?.locked_reason ?? null,
      lockedBy: row.projectId === call.credentials.projectId ? 'owner' : 'admin',
    })
    await endAction(tx, await beginAction(tx, row, 'lock'), 'api_lock')
  })
  return accepted()
}

export async function unlock(_: ComputeContext, call: Call, id: string) {
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, id, 'os_compute_api:os-lock-server:unlock')
    if (row.lockedBy === 'admin' && !call.allows('os_compute_api:os-lock-server:unlock:unlock_override'))
      throw forbidden("Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.")
    await tx.rows(server).update(row, { isLocked: false, lockedReason: null, lockedBy: null })
    await endAction(tx, await beginAction(tx, row, 'unlock'), 'api_unlock')
  })
  return accepted()
}
