// What time does to tokens: keys get old, and what was taken back expires by itself.
import { reconciler } from '../../../eden/jobs/reconciler.ts'
import { lessThan } from '../../../eden/store/where.ts'
import type { IdentityContext } from '../context.ts'
import { revocation } from './revocation.ts'

/** Keeps as many keys as tokens that are good may be made with, and one to spare. */
export const rotateKeys = reconciler<IdentityContext>('identity.rotate-keys', {
  every: '5m',
  async run({ tokens, settings, ground }) {
    const { tokenKeyRotation: everyMs, tokenLifetime } = settings
    const now = ground.clock.now()
    tokens.keys.refresh()
    if (everyMs === 0 || tokens.keys.primaryAgeMs(now) < everyMs) return []
    tokens.keys.rotate(Math.ceil(tokenLifetime / everyMs) + 2, now)
    return ['a new token key took the place of the last one']
  },
})

const atOnce = 500

export const clearLitter = reconciler<IdentityContext>('identity.clear-litter', {
  every: '1h',
  async run(_, call) {
    const old = await call.rows(revocation).list({ where: { expiresAtMs: lessThan(call.clock.now()) }, limit: atOnce })
    if (old.length === 0) return []
    await call.transaction(async (tx) => {
      for (const one of old) await tx.rows(revocation).remove(one)
    })
    return [`${old.length} notes about expired tokens were removed`]
  },
})
