// The body of a token, as POST and GET /v3/auth/tokens show it.
import { catalogFor } from '../catalog/view.ts'
import type { IdentityContext } from '../context.ts'
import { wireTime, wireTimeOf } from '../extras/wire-time.ts'
import type { Project } from '../projects/project.ts'
import type { Holder } from '../tokens/holder.ts'

export interface TokenBody {
  token: Record<string, unknown>
}

const named = ({ id, name }: { id: string; name: string }) => ({ id, name })

export async function tokenBody(
  context: IdentityContext,
  holder: Holder,
  { catalog }: { catalog: boolean },
): Promise<TokenBody> {
  const { claims, user, userDomain, roles } = holder
  const isScoped = claims.scope.kind !== 'none'
  return {
    token: {
      methods: claims.methods,
      user: {
        domain: named(userDomain),
        id: user.id,
        name: user.name,
        password_expires_at: wireTimeOf(user.passwordExpiresAt),
      },
      audit_ids: claims.auditIds,
      expires_at: wireTime(claims.expiresAtMs),
      issued_at: wireTime(claims.issuedAtMs),
      ...placeOf(holder),
      ...(isScoped && { roles: roles.map(named) }),
      ...(isScoped &&
        catalog && { catalog: await catalogFor(context, { userId: user.id, projectId: holder.project?.id }) }),
      ...lentBy(holder),
    },
  }
}

function placeOf({ claims, project, projectDomain, domain }: Holder): Record<string, unknown> {
  if (project)
    return { project: { domain: domainOf(project, projectDomain!), ...named(project) }, is_domain: project.isDomain }
  if (domain) return { domain: named(domain) }
  return claims.scope.kind === 'system' ? { system: { all: true } } : {}
}

/** A domain that is scoped to as a project has no domain above it. */
const domainOf = (project: Project, domain: Project) => (project.isDomain ? { id: null, name: null } : named(domain))

function lentBy({ applicationCredential, accessRules, trust }: Holder): Record<string, unknown> {
  return {
    ...(applicationCredential && {
      application_credential: {
        ...named(applicationCredential),
        restricted: !applicationCredential.unrestricted,
        ...(accessRules && {
          access_rules: accessRules.map(({ id, service, path, method }) => ({ id, service, path, method })),
        }),
      },
    }),
    ...(trust && {
      'OS-TRUST:trust': {
        id: trust.id,
        impersonation: trust.impersonation,
        trustor_user: { id: trust.trustorUserId },
        trustee_user: { id: trust.trusteeUserId },
      },
    }),
  }
}
