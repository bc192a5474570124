// POST /v3/auth/tokens.
import { type Call, cloudCall } from '../../../eden/call.ts'
import { unauthorized } from '../../../eden/errors.ts'
import { created, type Input, type Reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import type { Claims } from '../tokens/claims.ts'
import type { Holder } from '../tokens/holder.ts'
import { useTrust } from '../trusts/use.ts'
import { authenticate, type Proof } from './authenticate.ts'
import { tokenBody } from './body.ts'
import type { AuthRequest } from './request.ts'
import { wantedScope } from './scope.ts'

export async function issueToken(context: IdentityContext, call: Call, { body, queryAll }: Input): Promise<Reply> {
  const { identity, scope } = (body as AuthRequest).auth
  const proof = await authenticate(context, call, identity)
  const { token, holder } = await tokenFor(context, call, proof, scope)
  return created(await tokenBody(context, holder, { catalog: !queryAll.has('nocatalog') }), {
    'x-subject-token': token,
    vary: 'X-Auth-Token',
  })
}

/** A token of the wanted scope. @throws 401 where the user has no role there. */
export async function tokenFor(
  context: IdentityContext,
  call: Call,
  proof: Proof,
  scope: AuthRequest['auth']['scope'],
): Promise<{ token: string; holder: Holder }> {
  const { tokens, settings } = context
  const now = call.clock.now()
  const claims: Claims = {
    ...(await wantedScope(context, proof, scope)),
    methods: proof.methods,
    issuedAtMs: now,
    expiresAtMs: proof.from?.claims.expiresAtMs ?? now + settings.tokenLifetime,
    auditIds: [tokens.auditId(), ...(proof.from?.claims.auditIds.slice(-1) ?? [])],
  }
  const holder = await tokens.holder(claims)
  if (!holder) throw unauthorized()
  if (holder.trust && holder.trust.remainingUses !== null)
    await useTrust(cloudCall(context.ground, 'identity', call.requestId), holder.trust.id)
  return { token: tokens.seal(claims), holder }
}
