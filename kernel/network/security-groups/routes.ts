// Which operation answers which request about security groups and their rules.
import { routes } from '../../../eden/service.ts'
import { list, show } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { createGroups, deleteGroup, listGroups, updateGroup } from './groups.ts'
import { groupKind, ruleKind } from './kind.ts'
import { createRules, deleteRule } from './rules.ts'

const r = routes<NetworkContext>()
export const securityGroupRoutes = [
  r('GET', '/v2.0/security-groups', listGroups, { rule: 'network/get_security_group' }),
  r('POST', '/v2.0/security-groups', createGroups, { body: 'any' }),
  r('GET', '/v2.0/security-groups/:id', show(groupKind)),
  r('PUT', '/v2.0/security-groups/:id', updateGroup, { body: 'any' }),
  r('DELETE', '/v2.0/security-groups/:id', deleteGroup),
  r('GET', '/v2.0/security-group-rules', list(ruleKind), { rule: 'network/get_security_group_rule' }),
  r('POST', '/v2.0/security-group-rules', createRules, { body: 'any' }),
  r('GET', '/v2.0/security-group-rules/:id', show(ruleKind)),
  r('DELETE', '/v2.0/security-group-rules/:id', deleteRule),
]
