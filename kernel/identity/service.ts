// Identity's table of contents.
import { service } from '../../eden/service.ts'
import { identityAuthenticator } from './auth/authenticator.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'
import { identitySettings } from './config.ts'
import { type IdentityContext, identityContext } from './context.ts'
import { identityDialect } from './dialect.ts'
import { identityTables, resources } from './migrations/0001-identity.ts'
import { identityPolicy } from './policy.ts'
import { allRoutes } from './routes.ts'
import { clearLitter, rotateKeys } from './tokens/upkeep.ts'

export const identityService = service<IdentityContext>({
  name: 'identity',
  ports: [5000, 35357],
  prefix: '/identity',
  catalog: [{ type: 'identity', name: 'keystone', path: '/v3' }],
  routes: allRoutes(),
  jobs: [],
  reconcilers: [rotateKeys, clearLitter],
  policy: identityPolicy,
  settings: identitySettings,
  resources,
  migrations: [identityTables],
  dialect: identityDialect,
  context: identityContext,
  authenticator: identityAuthenticator,
  prepare: bootstrap,
})
