// Proves who a caller is by each of the methods that they name, all of which must speak of the same user.
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound, unauthorized } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { IdentityContext } from '../context.ts'
import { type ApplicationCredential, applicationCredential } from '../credentials/application-credential.ts'
import { passwordOpens } from '../passwords/login.ts'
import type { User } from '../people/user.ts'
import type { TokenMethod } from '../tokens/claims.ts'
import { activeUser, type Holder } from '../tokens/holder.ts'
import { findUser } from './find.ts'
import type { AuthIdentity } from './request.ts'

export interface Proof {
  user: User
  methods: TokenMethod[]
  /** The token that was shown, for its expiry and its chain of audit ids. */
  from?: Holder
  applicationCredential?: ApplicationCredential
}

type Method = (context: IdentityContext, call: Call, identity: AuthIdentity) => Promise<Proof>

const methods: Record<string, Method> = {
  password: byPassword,
  token: byToken,
  application_credential: byApplicationCredential,
}

/** @throws 401 in one wording whatever was wrong with the proof; 400 where a method's part is missing. */
export async function authenticate(context: IdentityContext, call: Call, identity: AuthIdentity): Promise<Proof> {
  let proven: Proof | undefined
  for (const name of new Set(identity.methods)) {
    const method = methods[name]
    if (!method) throw unauthorized('Attempted to authenticate with an unsupported method.')
    const proof = await method(context, call, identity)
    if (proven && proven.user.id !== proof.user.id) throw unauthorized()
    proven = proven ? { ...proven, ...proof, methods: [...new Set([...proven.methods, ...proof.methods])] } : proof
  }
  return proven!
}

async function byPassword(context: IdentityContext, call: Call, { password }: AuthIdentity): Promise<Proof> {
  if (!password)
    throw badRequest(
      'Expecting to find password in identity. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.',
    )
  const reads = context.ground.store.reads()
  const found = await findUser(reads, password.user)
  const isRight = await passwordOpens(context, call, found, password.user.password)
  if (!isRight || !found || !(await activeUser(reads, found.id))) throw unauthorized()
  if (found.passwordExpiresAt && Date.parse(found.passwordExpiresAt) <= call.clock.now())
    throw unauthorized('The password is expired and needs to be changed for user.')
  return { user: found, methods: ['password'] }
}

async function byToken(context: IdentityContext, _: Call, { token }: AuthIdentity): Promise<Proof> {
  if (!token) throw badRequest('Expecting to find token in identity.')
  const from = await context.tokens.find(token.id)
  // Not 401: the caller proved nothing, but named a token that is not there. Source: tempest's and Keystone's own tests.
  if (!from) throw notFound('Could not find token.')
  return { user: from.user, methods: ['token', ...from.claims.methods.filter((one) => one !== 'token')], from }
}

async function byApplicationCredential(context: IdentityContext, call: Call, identity: AuthIdentity): Promise<Proof> {
  const given = identity.application_credential
  if (!given) throw badRequest('Expecting to find application_credential in identity.')
  if (!given.id && !(given.name && given.user))
    throw badRequest('An application credential is named by its id, or by its name and its user.')
  const reads = context.ground.store.reads()
  const rows = reads.rows(applicationCredential, everyone('found before it is known who asks'))
  const owner = given.id ? undefined : await findUser(reads, given.user!)
  const found = given.id
    ? await rows.find(given.id)
    : owner && (await rows.first({ userId: owner.id, name: given.name! }))
  const isRight = await context.passwords.verify(found?.secretHash, given.secret)
  const active = found && (await activeUser(reads, found.userId))
  if (!isRight || !found || !active) throw unauthorized()
  if (found.expiresAt && Date.parse(found.expiresAt) <= call.clock.now()) throw unauthorized()
  return { user: active.user, methods: ['application_credential'], applicationCredential: found }
}
