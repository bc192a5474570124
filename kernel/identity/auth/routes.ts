// Tokens, and what can be asked with one about oneself.
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import { issueToken } from './issue.ts'
import { authCatalog, authDomains, authProjects, authSystem } from './places.ts'
import { authRequest } from './request.ts'
import { checkToken, revokeToken, showToken } from './tokens.ts'

const r = routes<IdentityContext>()

export const authRoutes = [
  r('POST', '/v3/auth/tokens', issueToken, { token: 'none', body: authRequest, readOnly: true }),
  r('GET', '/v3/auth/tokens', showToken),
  r('HEAD', '/v3/auth/tokens', checkToken),
  r('DELETE', '/v3/auth/tokens', revokeToken),
  r('GET', '/v3/auth/projects', authProjects, { rule: 'identity:get_auth_projects' }),
  r('GET', '/v3/auth/domains', authDomains, { rule: 'identity:get_auth_domains' }),
  r('GET', '/v3/auth/system', authSystem, { rule: 'identity:get_auth_system' }),
  r('GET', '/v3/auth/catalog', authCatalog, { rule: 'identity:get_auth_catalog' }),
]
