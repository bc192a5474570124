// Which operation answers which request about roles and what they imply.
import { bodyOf, wrapped } from '../../../eden/resource/input.ts'
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import {
  addImplication,
  checkImplication,
  listImplied,
  listInferences,
  removeImplication,
  showImplication,
} from './implications.ts'
import { role } from './role.ts'
import { createRole, listRoles, removeRole, showRole, updateRole } from './roles.ts'

const r = routes<IdentityContext>()
const newRole = wrapped('role', bodyOf(role, { for: 'create', required: ['name'], open: true }))
const roleChange = wrapped('role', bodyOf(role, { for: 'update', open: true }))
const pair = '/v3/roles/:prior_role_id/implies/:implied_role_id'

export const roleRoutes = [
  r('GET', '/v3/roles', listRoles),
  r('POST', '/v3/roles', createRole, { body: newRole }),
  r('GET', '/v3/roles/:role_id', showRole),
  r('PATCH', '/v3/roles/:role_id', updateRole, { body: roleChange }),
  r('DELETE', '/v3/roles/:role_id', removeRole),
  r('GET', '/v3/roles/:prior_role_id/implies', listImplied, { rule: 'identity:list_implied_roles' }),
  r('PUT', pair, addImplication, { rule: 'identity:create_implied_role' }),
  r('GET', pair, showImplication, { rule: 'identity:get_implied_role' }),
  r('HEAD', pair, checkImplication, { rule: 'identity:check_implied_role' }),
  r('DELETE', pair, removeImplication, { rule: 'identity:delete_implied_role' }),
  r('GET', '/v3/role_inferences', listInferences, { rule: 'identity:list_role_inference_rules' }),
]
