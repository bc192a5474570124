// Identity v2.0 for clients of the years before domains: a token, what it says, and the caller's tenants.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, ok, type Reply } from '../../../eden/http/request.ts'
import { routes } from '../../../eden/service.ts'
import { active, projectsOf } from '../assignments/places.ts'
import { authenticate } from '../auth/authenticate.ts'
import { tokenFor } from '../auth/issue.ts'
import type { AuthIdentity, AuthScope } from '../auth/request.ts'
import { catalogFor } from '../catalog/view.ts'
import type { IdentityContext } from '../context.ts'
import type { Project } from '../projects/project.ts'
import type { Holder } from '../tokens/holder.ts'

/** All that v2.0 can name is in this domain. */
const domain = { id: 'default' }
const text = (max = 255) => Type.Optional(Type.String({ minLength: 1, maxLength: max }))

const tokenRequest = Type.Object({
  auth: Type.Object(
    {
      passwordCredentials: Type.Optional(
        Type.Object(
          { username: text(), userId: text(), password: Type.String({ maxLength: 4096 }) },
          { additionalProperties: true },
        ),
      ),
      token: Type.Optional(Type.Object({ id: Type.String({ maxLength: 4096 }) }, { additionalProperties: true })),
      tenantName: text(),
      tenantId: text(),
    },
    { additionalProperties: true },
  ),
})

interface Request {
  auth: {
    passwordCredentials?: { username?: string; userId?: string; password: string }
    token?: { id: string }
    tenantName?: string
    tenantId?: string
  }
}

export async function issueV2Token(context: IdentityContext, call: Call, { body }: Input): Promise<Reply> {
  const { auth } = body as Request
  const proof = await authenticate(context, call, identityOf(auth))
  const { token, holder } = await tokenFor(context, call, proof, scopeOf(auth))
  return ok(await access(context, token, holder))
}

function identityOf({ passwordCredentials, token }: Request['auth']): AuthIdentity {
  if (token) return { methods: ['token'], token }
  if (!passwordCredentials) throw badRequest('Expecting to find passwordCredentials or token in auth.')
  const { username, userId, password } = passwordCredentials
  const user = userId ? { id: userId, password } : { name: username ?? '', domain, password }
  return { methods: ['password'], password: { user } } as AuthIdentity
}

function scopeOf({ tenantId, tenantName }: Request['auth']): AuthScope {
  if (tenantId) return { project: { id: tenantId } }
  return tenantName ? { project: { name: tenantName, domain } } : undefined
}

const seconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

async function access(context: IdentityContext, token: string, holder: Holder) {
  const { claims, user, project, roles } = holder
  const catalog = project ? await catalogFor(context, { userId: user.id, projectId: project.id }) : []
  return {
    access: {
      token: {
        id: token,
        expires: seconds(claims.expiresAtMs),
        issued_at: seconds(claims.issuedAtMs),
        audit_ids: claims.auditIds,
        ...(project && { tenant: tenant(project) }),
      },
      serviceCatalog: catalog.map(({ type, name, endpoints }) => ({
        type,
        name,
        endpoints: byRegion(endpoints),
        endpoints_links: [],
      })),
      user: {
        id: user.id,
        name: user.name,
        username: user.name,
        roles: roles.map(({ name }) => ({ name })),
        roles_links: [],
      },
      metadata: { is_admin: 0, roles: roles.map(({ id }) => id) },
    },
  }
}

/** One entry for a region, with the addresses of its interfaces side by side. */
function byRegion(endpoints: { id: string; interface: string; region: string | null; url: string }[]) {
  const regions = new Map<string | null, Record<string, unknown>>()
  for (const { id, interface: kind, region, url } of endpoints)
    regions.set(region, { id, ...regions.get(region), region, [`${kind}URL`]: url })
  return [...regions.values()]
}

const tenant = ({ id, name, description, enabled }: Project) => ({ id, name, description, enabled })

export async function showV2Token(context: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const holder = await context.tokens.find(params.token!)
  if (!holder) throw notFound('Could not find token.')
  call.require('identity:validate_token', { target: { token: { user_id: holder.user.id } } })
  return ok(await access(context, params.token!, holder))
}

export async function listTenants({ ground }: IdentityContext, call: Call): Promise<Reply> {
  const reads = ground.store.reads()
  const found = await active(reads, await projectsOf(reads, call.userId))
  return ok({ tenants: found.filter(({ domainId }) => domainId === domain.id).map(tenant), tenants_links: [] })
}

const r = routes<IdentityContext>()

export const v2Routes = [
  r('POST', '/v2.0/tokens', issueV2Token, { token: 'none', body: tokenRequest, readOnly: true }),
  r('GET', '/v2.0/tokens/:token', showV2Token),
  r('GET', '/v2.0/tenants', listTenants),
]
