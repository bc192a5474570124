// Every route of identity. A function, because the document at `/` lists the routes that it is one of.
import { routes } from '../../eden/service.ts'
import { authRoutes } from './auth/routes.ts'
import type { IdentityContext } from './context.ts'
import { listVersions, showVersion } from './discovery/versions.ts'

const r = routes<IdentityContext>()

export const allRoutes = () => [
  r('GET', '/', listVersions, { token: 'none' }),
  r('GET', '/v3', showVersion, { token: 'none' }),
  ...authRoutes,
]
