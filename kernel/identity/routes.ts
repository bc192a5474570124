// Every route of identity. A function, because the document at `/` lists the routes that it is one of.
import { routes } from '../../eden/service.ts'
import { assignmentRoutes } from './assignments/routes.ts'
import { authRoutes } from './auth/routes.ts'
import { catalogRoutes } from './catalog/routes.ts'
import type { IdentityContext } from './context.ts'
import { credentialRoutes } from './credentials/routes.ts'
import { listVersions, showVersion } from './discovery/versions.ts'
import { policyDocumentRoutes } from './extras/policy-document.ts'
import { peopleRoutes } from './people/routes.ts'
import { projectRoutes } from './projects/routes.ts'
import { roleRoutes } from './roles/routes.ts'
import { trustRoutes } from './trusts/routes.ts'
import { v2Routes } from './v2/tokens.ts'

const r = routes<IdentityContext>()

export const allRoutes = () => [
  r('GET', '/', listVersions, { token: 'none' }),
  r('GET', '/v3', showVersion, { token: 'none' }),
  ...authRoutes,
  ...projectRoutes,
  ...peopleRoutes,
  ...roleRoutes,
  ...assignmentRoutes,
  ...catalogRoutes,
  ...credentialRoutes,
  ...trustRoutes,
  ...policyDocumentRoutes,
  ...v2Routes,
]
