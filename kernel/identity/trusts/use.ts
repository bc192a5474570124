// A trust that may be used a number of times counts down with each token.
import type { Call } from '../../../eden/call.ts'
import { forbidden } from '../../../eden/errors.ts'
import { trust } from './trust.ts'

/** @throws 403 where no use is left. */
export async function useTrust(call: Call, trustId: string): Promise<void> {
  await call.transaction(async (tx) => {
    const found = await tx.rows(trust).get(trustId)
    if (found.remainingUses === null) return
    if (found.remainingUses === 0 || found.deletedAt) throw forbidden('No use of this trust is left.')
    await tx.rows(trust).update(found, { remainingUses: found.remainingUses - 1 })
  })
}
