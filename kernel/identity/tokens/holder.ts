// Who holds a token and what that lets them do, worked out from the rows as they are now.
import type { Credentials } from '../../../eden/policy/credentials.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { expanded, type RoleGraph, rolesAt, type Target } from '../assignments/effective.ts'
import {
  type AccessRule,
  type ApplicationCredential,
  accessRule,
  applicationCredential,
} from '../credentials/application-credential.ts'
import { type User, user } from '../people/user.ts'
import { type Project, project } from '../projects/project.ts'
import type { Role } from '../roles/role.ts'
import { type Trust, trust } from '../trusts/trust.ts'
import type { Claims } from './claims.ts'
import { revocation } from './revocation.ts'

const beyond = everyone('a token is judged before it is known whose it is')

export interface Holder {
  claims: Claims
  user: User
  userDomain: Project
  project?: Project
  projectDomain?: Project
  domain?: Project
  roles: Role[]
  applicationCredential?: ApplicationCredential
  accessRules?: AccessRule[]
  trust?: Trust
  credentials: Credentials
}

/** The holder; undefined where the token stands on something that is gone, disabled, changed or taken back. */
export async function holderOf(
  reads: Readable,
  graph: RoleGraph,
  claims: Claims,
  nowMs: number,
): Promise<Holder | undefined> {
  const { scope } = claims
  const revocations = await reads.rows(revocation, beyond).list({ where: { id: claims.auditIds.slice(0, 1) } })
  if (revocations.length > 0) return undefined
  const person = await activeUser(reads, claims.userId)
  if (!person || person.user.generation !== claims.generation) return undefined
  const holder: Omit<Holder, 'credentials'> = { claims, ...person, roles: [] }

  if (scope.kind === 'project') {
    const place = await activeProject(reads, scope.projectId)
    if (!place || place.project.generation !== scope.generation) return undefined
    Object.assign(holder, place)
  } else if (scope.kind === 'domain') {
    const domain = await activeDomain(reads, scope.domainId)
    if (!domain || domain.generation !== scope.generation) return undefined
    holder.domain = domain
  }
  if (scope.kind !== 'none') {
    const roles = await rolesOf(reads, graph, holder, nowMs)
    if (!roles || roles.length === 0) return undefined
    holder.roles = roles
  }
  return { ...holder, credentials: credentialsOf(holder) }
}

export async function activeUser(
  reads: Readable,
  userId: string,
): Promise<{ user: User; userDomain: Project } | undefined> {
  const found = await reads.rows(user, beyond).find(userId)
  if (!found?.enabled) return undefined
  const userDomain = await activeDomain(reads, found.domainId)
  return userDomain && { user: found, userDomain }
}

export async function activeDomain(reads: Readable, domainId: string): Promise<Project | undefined> {
  const found = await reads.rows(project, beyond).find(domainId)
  return found?.isDomain && found.enabled ? found : undefined
}

export async function activeProject(
  reads: Readable,
  projectId: string,
): Promise<{ project: Project; projectDomain: Project } | undefined> {
  const found = await reads.rows(project, beyond).find(projectId)
  if (!found?.enabled) return undefined
  // A domain may be scoped to as the project that it is as well.
  const projectDomain = found.isDomain ? found : await activeDomain(reads, found.domainId!)
  return projectDomain && { project: found, projectDomain }
}

/** Roles at the token's scope, cut down to what an application credential or a trust passes on. */
async function rolesOf(
  reads: Readable,
  graph: RoleGraph,
  holder: Omit<Holder, 'credentials'>,
  nowMs: number,
): Promise<Role[] | undefined> {
  const { claims } = holder
  const { scope } = claims
  const target: Target =
    scope.kind === 'project'
      ? { type: 'project', id: scope.projectId }
      : scope.kind === 'domain'
        ? { type: 'domain', id: scope.domainId }
        : { type: 'system' }
  if (claims.trustId) return rolesOfTrust(reads, graph, holder, target, nowMs)
  const held = await rolesAt(reads, graph, claims.userId, target)
  if (!claims.applicationCredentialId) return held
  const found = await reads.rows(applicationCredential, beyond).find(claims.applicationCredentialId)
  if (!found || (found.expiresAt && Date.parse(found.expiresAt) <= nowMs)) return undefined
  holder.applicationCredential = found
  if (found.accessRuleIds)
    holder.accessRules = await reads.rows(accessRule, beyond).list({ where: { id: found.accessRuleIds } })
  const passedOn = new Set(expanded(graph, found.roleIds).map(({ id }) => id))
  return held.filter(({ id }) => passedOn.has(id))
}

async function rolesOfTrust(
  reads: Readable,
  graph: RoleGraph,
  holder: Omit<Holder, 'credentials'>,
  target: Target,
  nowMs: number,
): Promise<Role[] | undefined> {
  const found = await reads.rows(trust, beyond).find(holder.claims.trustId!)
  if (!found || found.deletedAt || (found.expiresAt && Date.parse(found.expiresAt) <= nowMs)) return undefined
  for (const userId of [found.trustorUserId, found.trusteeUserId])
    if (!(await activeUser(reads, userId))) return undefined
  holder.trust = found
  const held = await rolesAt(reads, graph, found.trustorUserId, target)
  const lent = new Set(expanded(graph, found.roleIds).map(({ id }) => id))
  // All that was lent must still be the trustor's to lend.
  if (found.roleIds.some((id) => !held.some((role) => role.id === id))) return undefined
  return held.filter(({ id }) => lent.has(id))
}

function credentialsOf(holder: Omit<Holder, 'credentials'>): Credentials {
  const { user, project, projectDomain, domain, roles, claims, accessRules } = holder
  return {
    userId: user.id,
    userDomainId: user.domainId,
    roles: roles.map(({ name }) => name.toLowerCase()),
    ...(project && { projectId: project.id, projectDomainId: projectDomain!.id }),
    ...(domain && { domainId: domain.id }),
    ...(claims.scope.kind === 'system' && { systemScope: 'all' }),
    ...(accessRules && { accessRules }),
  }
}
