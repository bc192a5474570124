// os-resetState: an administrator says that a server is in error, or active again. Nothing here needs it, since no state
// sticks; tests and old habits do.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { accepted } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { getServer } from './find.ts'
import { server } from './server.ts'

export const resetStateBody = Type.Object(
  { state: Type.Unsafe<'active' | 'error'>({ type: 'string', enum: ['active', 'error'] }) },
  { additionalProperties: false },
)

export async function resetState(_: ComputeContext, call: Call, id: string, { state }: { state: 'active' | 'error' }) {
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, id, 'os_compute_api:os-admin-actions:reset_state')
    await tx.rows(server).update(row, { state, task: null })
  })
  return accepted()
}
