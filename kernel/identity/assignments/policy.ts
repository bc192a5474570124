// Who may see and change roles, what they imply, and who holds them where.
import type { PolicyRule } from '../../../eden/policy/rules.ts'

const rule = (check: string, says: string): PolicyRule => ({ check, says })
const admin = 'rule:admin_required'
const systemReader = '(role:reader and system_scope:all)'
const seenInDomain = '(role:reader and domain_id:%(target.role.domain_id)s)'

/** Actor and target in the caller's domain, in each of the combinations that an assignment can have. */
const inDomain = (role: string) =>
  ['user', 'group']
    .flatMap((actor) => [
      `(domain_id:%(target.${actor}.domain_id)s and domain_id:%(target.project.domain_id)s)`,
      `(domain_id:%(target.${actor}.domain_id)s and domain_id:%(target.domain.id)s)`,
    ])
    .map(
      (place) =>
        `(role:${role} and ${place} and (None:%(target.role.domain_id)s or domain_id:%(target.role.domain_id)s))`,
    )
    .join(' or ')

const rolesOfDomain = (verb: string, check: string, says: string): Record<string, PolicyRule> => ({
  [`identity:${verb}_domain_role`]: rule(check, says),
})

export const assignmentRules: Record<string, PolicyRule> = {
  /** Managers of a domain give out what makes nobody an administrator. */
  domain_managed_target_role: rule(
    "'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s",
    'The role is one that managers of a domain give out.',
  ),
  'identity:get_role': rule(`${admin} or ${systemReader} or role:manager`, 'Shows a role.'),
  'identity:list_roles': rule(`${admin} or ${systemReader} or role:manager`, 'Lists roles.'),
  'identity:create_role': rule(admin, 'Makes a role.'),
  'identity:update_role': rule(admin, 'Changes a role.'),
  'identity:delete_role': rule(admin, 'Removes a role.'),
  ...rolesOfDomain('get', `${admin} or ${systemReader} or ${seenInDomain}`, "Shows a domain's own role."),
  'identity:list_domain_roles': rule(
    `${admin} or ${systemReader} or (role:reader and domain_id:%(target.domain_id)s)`,
    "Lists a domain's own roles.",
  ),
  ...rolesOfDomain('create', admin, 'Makes a role of a domain.'),
  ...rolesOfDomain('update', admin, 'Changes a role of a domain.'),
  ...rolesOfDomain('delete', admin, 'Removes a role of a domain.'),
  'identity:get_implied_role': rule(`${admin} or ${systemReader}`, 'Shows that a role implies another.'),
  'identity:list_implied_roles': rule(`${admin} or ${systemReader}`, 'Lists what a role implies.'),
  'identity:create_implied_role': rule(admin, 'Lets a role imply another.'),
  'identity:delete_implied_role': rule(admin, 'Ends that a role implies another.'),
  'identity:list_role_inference_rules': rule(`${admin} or ${systemReader}`, 'Lists all implications.'),
  'identity:check_implied_role': rule(`${admin} or ${systemReader}`, 'Asks whether a role implies another.'),
  'identity:check_grant': rule(`${admin} or ${systemReader} or ${inDomain('reader')}`, 'Asks for an assignment.'),
  'identity:list_grants': rule(
    `${admin} or ${systemReader} or ${inDomain('reader')}`,
    'Lists roles of somebody somewhere.',
  ),
  'identity:create_grant': rule(
    `${admin} or (rule:domain_managed_target_role and (${inDomain('manager')}))`,
    'Gives a role.',
  ),
  'identity:revoke_grant': rule(
    `${admin} or (rule:domain_managed_target_role and (${inDomain('manager')}))`,
    'Takes a role away.',
  ),
  'identity:list_system_grants_for_user': rule(`${admin} or ${systemReader}`, "Lists a user's roles in the system."),
  'identity:check_system_grant_for_user': rule(`${admin} or ${systemReader}`, "Asks for a user's role in the system."),
  'identity:create_system_grant_for_user': rule(admin, 'Gives a user a role in the system.'),
  'identity:revoke_system_grant_for_user': rule(admin, "Takes a user's role in the system away."),
  'identity:list_system_grants_for_group': rule(`${admin} or ${systemReader}`, "Lists a group's roles in the system."),
  'identity:check_system_grant_for_group': rule(
    `${admin} or ${systemReader}`,
    "Asks for a group's role in the system.",
  ),
  'identity:create_system_grant_for_group': rule(admin, 'Gives a group a role in the system.'),
  'identity:revoke_system_grant_for_group': rule(admin, "Takes a group's role in the system away."),
  'identity:list_role_assignments': rule(
    `${admin} or ${systemReader} or (role:reader and domain_id:%(target.domain_id)s)`,
    'Lists who holds which role where.',
  ),
  'identity:list_role_assignments_for_tree': rule(
    `${admin} or ${systemReader} or (role:reader and domain_id:%(target.project.domain_id)s)`,
    'Lists who holds which role in a project and below.',
  ),
}
