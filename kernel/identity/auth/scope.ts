// What a new token shall be for: the scope that was asked for, or the user's default project.
import { badRequest, forbidden, unauthorized } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { rolesAt } from '../assignments/effective.ts'
import type { IdentityContext } from '../context.ts'
import type { User } from '../people/user.ts'
import type { Claims, TokenScope } from '../tokens/claims.ts'
import { activeProject, activeUser } from '../tokens/holder.ts'
import { trust } from '../trusts/trust.ts'
import type { Proof } from './authenticate.ts'
import { findDomain, findProject } from './find.ts'
import type { AuthScope } from './request.ts'

/** Scope, and what the token stands on besides. */
export type Wanted = Pick<Claims, 'scope' | 'applicationCredentialId' | 'trustId' | 'userId' | 'generation'>

/** @throws 401 for a scope that does not exist (as for one without roles), 400 for several scopes at once. */
export async function wantedScope(context: IdentityContext, proof: Proof, asked: AuthScope): Promise<Wanted> {
  const who = { userId: proof.user.id, generation: proof.user.generation }
  const credential = proof.applicationCredential ?? proof.from?.applicationCredential
  if (credential) {
    if (proof.applicationCredential && asked !== undefined)
      throw unauthorized('Application credentials cannot request a scope.')
    const scope = await projectScope(context, { id: credential.projectId })
    if (asked !== undefined && !(await isSame(context, asked, scope)))
      throw forbidden('A token of an application credential is for the credential’s project only.')
    return { ...who, scope, applicationCredentialId: credential.id }
  }
  if (proof.from?.trust) throw forbidden('A token that stands on a trust cannot be exchanged for another one.')
  if (asked === undefined) return { ...who, scope: await defaultScope(context, proof.user) }
  if (asked === 'unscoped') return { ...who, scope: { kind: 'none' } }
  const kinds = ['project', 'domain', 'system', 'OS-TRUST:trust', 'unscoped'] as const
  const given = kinds.filter((kind) => asked[kind])
  if (given.length > 1) throw badRequest(`A token has one scope, but ${given.join(' and ')} are asked for.`)
  if (asked.project) return { ...who, scope: await projectScope(context, asked.project) }
  if (asked.system) {
    if (!asked.system.all) throw badRequest('A system scope is for all of the system.')
    return { ...who, scope: { kind: 'system' } }
  }
  if (asked.domain) {
    const domain = await findDomain(context.ground.store.reads(), asked.domain)
    if (!domain) throw unauthorized()
    return { ...who, scope: { kind: 'domain', domainId: domain.id, generation: domain.generation } }
  }
  const lent = asked['OS-TRUST:trust']
  return lent ? trustScope(context, proof, lent.id) : { ...who, scope: { kind: 'none' } }
}

async function projectScope(context: IdentityContext, ref: Parameters<typeof findProject>[1]): Promise<TokenScope> {
  const found = await findProject(context.ground.store.reads(), ref)
  if (!found) throw unauthorized()
  return { kind: 'project', projectId: found.id, generation: found.generation }
}

async function isSame(context: IdentityContext, asked: AuthScope, scope: TokenScope): Promise<boolean> {
  if (typeof asked !== 'object' || !asked.project || scope.kind !== 'project') return false
  return (await findProject(context.ground.store.reads(), asked.project))?.id === scope.projectId
}

/** The user's default project, where it is there and the user has a role in it; else no scope. */
async function defaultScope({ ground, tokens }: IdentityContext, { id, defaultProjectId }: User): Promise<TokenScope> {
  const reads = ground.store.reads()
  const place = defaultProjectId ? await activeProject(reads, defaultProjectId) : undefined
  if (!place || place.project.isDomain) return { kind: 'none' }
  const target = { type: 'project', id: place.project.id } as const
  if ((await rolesAt(reads, await tokens.graph(), id, target)).length === 0) return { kind: 'none' }
  return { kind: 'project', projectId: place.project.id, generation: place.project.generation }
}

async function trustScope(context: IdentityContext, proof: Proof, trustId: string): Promise<Wanted> {
  const reads = context.ground.store.reads()
  const found = await reads.rows(trust, everyone('a trust is looked up by its trustee')).find(trustId)
  if (!found || found.trusteeUserId !== proof.user.id) throw forbidden('The trust is not for this user.')
  const holder = found.impersonation ? (await activeUser(reads, found.trustorUserId))?.user : proof.user
  if (!holder) throw forbidden('The trustor is disabled or gone.')
  const scope: TokenScope = found.projectId ? await projectScope(context, { id: found.projectId }) : { kind: 'none' }
  return { userId: holder.id, generation: holder.generation, scope, trustId: found.id }
}
