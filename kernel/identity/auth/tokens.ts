// GET, HEAD and DELETE /v3/auth/tokens: what another token says, whether it is good, and its end.
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok, type Reply, reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import type { Holder } from '../tokens/holder.ts'
import { revocation } from '../tokens/revocation.ts'
import { tokenBody } from './body.ts'

export async function showToken(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { token } = await subject(context, call, input, 'identity:validate_token')
  const catalog = !input.queryAll.has('nocatalog')
  const body = await context.tokens.made(token, catalog ? 'whole' : 'nocatalog', (holder) =>
    tokenBody(context, holder, { catalog }),
  )
  if (!body) throw unknown()
  return ok(body, headersFor(token))
}

export async function checkToken(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { token } = await subject(context, call, input, 'identity:check_token')
  return reply(200, undefined, headersFor(token))
}

export async function revokeToken(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { holder } = await subject(context, call, input, 'identity:revoke_token')
  const [id] = holder.claims.auditIds
  await call.transaction(async (tx) => {
    if (!(await tx.rows(revocation).find(id!)))
      await tx.rows(revocation).insert({ id: id!, expiresAtMs: holder.claims.expiresAtMs })
  })
  return noContent({ vary: 'X-Auth-Token' })
}

async function subject(
  context: IdentityContext,
  call: Call,
  { headers }: Input,
  rule: string,
): Promise<{ token: string; holder: Holder }> {
  const token = headers['x-subject-token']
  if (!token) throw badRequest('The header X-Subject-Token must name the token that is meant.')
  const holder = await context.tokens.find(token)
  if (!holder) throw unknown()
  call.require(rule, { target: { token: { user_id: holder.user.id } } })
  return { token, holder }
}

const unknown = () => notFound('Could not find token.')
const headersFor = (token: string) => ({ 'x-subject-token': token, vary: 'X-Auth-Token' })
