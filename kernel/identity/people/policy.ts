// Who may see and change users and groups.
import type { PolicyRule } from '../../../eden/policy/rules.ts'

const rule = (check: string, says: string): PolicyRule => ({ check, says })
const admin = 'rule:admin_required'
const systemReader = '(role:reader and system_scope:all)'
const self = 'user_id:%(target.user.id)s'
const seenIn = (...of: string[]) =>
  [admin, systemReader, `(${['role:reader', ...of.map((one) => `domain_id:%(${one})s`)].join(' and ')})`].join(' or ')
const managedIn = (...of: string[]) =>
  `${admin} or (${['role:manager', ...of.map((one) => `domain_id:%(${one})s`)].join(' and ')})`
const both = ['target.group.domain_id', 'target.user.domain_id'] as const

export const peopleRules: Record<string, PolicyRule> = {
  'identity:get_user': rule(`${seenIn('target.user.domain_id')} or ${self}`, 'Shows a user.'),
  'identity:list_users': rule(seenIn('target.domain_id'), 'Lists users.'),
  'identity:create_user': rule(managedIn('target.user.domain_id'), 'Makes a user.'),
  'identity:update_user': rule(managedIn('target.user.domain_id'), 'Changes a user, the password included.'),
  'identity:delete_user': rule(managedIn('target.user.domain_id'), 'Removes a user.'),
  'identity:get_group': rule(seenIn('target.group.domain_id'), 'Shows a group.'),
  'identity:list_groups': rule(seenIn('target.domain_id'), 'Lists groups.'),
  'identity:list_groups_for_user': rule(`${seenIn('target.user.domain_id')} or ${self}`, 'Lists the groups of a user.'),
  'identity:create_group': rule(managedIn('target.group.domain_id'), 'Makes a group.'),
  'identity:update_group': rule(managedIn('target.group.domain_id'), 'Changes a group.'),
  'identity:delete_group': rule(managedIn('target.group.domain_id'), 'Removes a group.'),
  'identity:list_users_in_group': rule(seenIn('target.group.domain_id'), 'Lists who is in a group.'),
  'identity:check_user_in_group': rule(seenIn(...both), 'Asks whether a user is in a group.'),
  'identity:add_user_to_group': rule(managedIn(...both), 'Puts a user into a group.'),
  'identity:remove_user_from_group': rule(managedIn(...both), 'Takes a user out of a group.'),
}
