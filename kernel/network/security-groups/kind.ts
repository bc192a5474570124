// Security groups and their rules as the API shows them.

import { formatCidr, parseCidr } from '../addresses/ip.ts'
import { changedSince, flagsOf, noneOfThem, tagFilters } from '../api/filters.ts'
import { dressed, type Kind } from '../api/kind.ts'
import { sharedObjects } from '../rbac/grants.ts'
import { grantedTo } from '../rbac/visible.ts'
import { everyGroup, type SecurityGroup, type SecurityGroupRule, securityGroup, securityGroupRule } from './group.ts'

const moreOfRule = ({ remoteIpPrefix }: SecurityGroupRule) => ({
  normalized_cidr: remoteIpPrefix ? formatCidr(parseCidr(remoteIpPrefix)!) : null,
  remote_address_group_id: null,
})

export const ruleKind: Kind<(typeof securityGroupRule)['fields']> = {
  resource: securityGroupRule,
  one: 'security_group_rule',
  many: 'security_group_rules',
  path: 'security-group-rules',
  filters: changedSince('network_security_group_rules'),
  more: async (_context, _reads, _call, rows) => (rows as SecurityGroupRule[]).map(moreOfRule),
}

export const groupKind: Kind<(typeof securityGroup)['fields']> = {
  resource: securityGroup,
  one: 'security_group',
  many: 'security_groups',
  path: 'security-groups',
  filters: {
    shared: (values, call) => (eb) => {
      const isShared = grantedTo(eb, call, 'network_security_groups.id', ['access_as_shared'])
      return flagsOf('shared', values)[0] ? isShared : noneOfThem(eb, isShared)
    },
    ...tagFilters('network_security_groups'),
    ...changedSince('network_security_groups'),
  },
  async more(_context, reads, call, rows) {
    const ids = (rows as SecurityGroup[]).map(({ id }) => id)
    const rules = await reads
      .rows(securityGroupRule, everyGroup)
      .list({ where: { securityGroupId: ids }, sort: [{ field: 'createdAt' }] })
    const shared = await sharedObjects(reads, call, ids)
    return ids.map((id) => ({
      shared: shared.has(id),
      security_group_rules: rules
        .filter(({ securityGroupId }) => securityGroupId === id)
        .map((rule) => ({ ...dressed(securityGroupRule, rule, call), ...moreOfRule(rule) })),
    }))
  },
}
