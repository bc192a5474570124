// Which operation answers which request about trusts.
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import {
  createTrust,
  createTrustBody,
  listTrustRoles,
  listTrusts,
  removeTrust,
  showTrust,
  showTrustRole,
} from './trusts.ts'

const r = routes<IdentityContext>()
const trusts = '/v3/OS-TRUST/trusts'

export const trustRoutes = [
  r('GET', trusts, listTrusts),
  r('POST', trusts, createTrust, { body: createTrustBody }),
  r('GET', `${trusts}/:trust_id`, showTrust),
  r('DELETE', `${trusts}/:trust_id`, removeTrust),
  r('GET', `${trusts}/:trust_id/roles`, listTrustRoles),
  r('GET', `${trusts}/:trust_id/roles/:role_id`, showTrustRole),
]
