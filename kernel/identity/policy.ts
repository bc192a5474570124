// Every rule of identity under Keystone's names, with its defaults: readers of the system and of a domain see,
// administrators do everything, managers of a domain look after its people.
import { type PolicyRule, policyRules } from '../../eden/policy/rules.ts'
import { assignmentRules } from './assignments/policy.ts'
import { peopleRules } from './people/policy.ts'
import { projectRules } from './projects/policy.ts'

const admin = 'rule:admin_required'
const systemReader = '(role:reader and system_scope:all)'
export const readers = `${admin} or ${systemReader}`
const owner = 'user_id:%(user_id)s'
const credentialOwner = 'user_id:%(target.credential.user_id)s'

const rule = (check: string, says: string): PolicyRule => ({ check, says })

/** list_, get_, create_, update_ and delete_ rules of something that readers see and administrators change. */
const cloudWide = (one: string, many: string, says: string, seen = readers): Record<string, PolicyRule> => ({
  [`identity:get_${one}`]: rule(seen, `Shows a ${says}.`),
  [`identity:list_${many}`]: rule(seen, `Lists each ${says}.`),
  [`identity:create_${one}`]: rule(admin, `Makes a ${says}.`),
  [`identity:update_${one}`]: rule(admin, `Changes a ${says}.`),
  [`identity:delete_${one}`]: rule(admin, `Removes a ${says}.`),
})

const tokenRules: Record<string, PolicyRule> = {
  token_subject: rule('user_id:%(target.token.user_id)s', 'Holds the token in question.'),
  'identity:check_token': rule(`${readers} or rule:token_subject`, 'Asks whether a token is good.'),
  'identity:validate_token': rule(`${readers} or rule:service_role or rule:token_subject`, 'Reads what a token says.'),
  'identity:revoke_token': rule(`${admin} or rule:token_subject`, 'Takes a token back.'),
  'identity:get_auth_catalog': rule('', 'Reads the catalog.'),
  'identity:get_auth_projects': rule('', 'Lists the projects that the caller may have a token for.'),
  'identity:get_auth_domains': rule('', 'Lists the domains that the caller may have a token for.'),
  'identity:get_auth_system': rule('', 'Says whether the caller may have a token for the system.'),
}

const credentialRules: Record<string, PolicyRule> = {
  'identity:get_credential': rule(`${readers} or ${credentialOwner}`, 'Shows a credential.'),
  'identity:list_credentials': rule(`${readers} or ${credentialOwner}`, 'Lists credentials.'),
  'identity:create_credential': rule(`${admin} or ${credentialOwner}`, 'Entrusts a credential.'),
  'identity:update_credential': rule(`${admin} or ${credentialOwner}`, 'Changes a credential.'),
  'identity:delete_credential': rule(`${admin} or ${credentialOwner}`, 'Removes a credential.'),
  'identity:ec2_get_credential': rule(`${readers} or ${owner} or ${credentialOwner}`, 'Shows an EC2 key.'),
  'identity:ec2_list_credentials': rule(`${readers} or ${owner}`, 'Lists EC2 keys.'),
  'identity:ec2_create_credential': rule(`${admin} or ${owner}`, 'Makes an EC2 key.'),
  'identity:ec2_delete_credential': rule(`${admin} or ${owner} or ${credentialOwner}`, 'Removes an EC2 key.'),
  'identity:get_application_credential': rule(`${readers} or ${owner}`, 'Shows an application credential.'),
  'identity:list_application_credentials': rule(`${readers} or ${owner}`, 'Lists application credentials.'),
  'identity:create_application_credential': rule(owner, 'Makes an application credential of one’s own.'),
  'identity:delete_application_credential': rule(`${admin} or ${owner}`, 'Removes an application credential.'),
  'identity:get_access_rule': rule(`${readers} or ${owner}`, 'Shows an access rule.'),
  'identity:list_access_rules': rule(`${readers} or ${owner}`, 'Lists access rules.'),
  'identity:delete_access_rule': rule(`${admin} or ${owner}`, 'Removes an access rule.'),
}

const trustor = 'user_id:%(target.trust.trustor_user_id)s'
const trustee = 'user_id:%(target.trust.trustee_user_id)s'
const trustRules: Record<string, PolicyRule> = {
  'identity:create_trust': rule('user_id:%(trust.trustor_user_id)s', 'Lends one’s own roles.'),
  'identity:list_trusts': rule(readers, 'Lists all trusts.'),
  'identity:list_trusts_for_trustor': rule(`${readers} or ${trustor}`, 'Lists what a user lends.'),
  'identity:list_trusts_for_trustee': rule(`${readers} or ${trustee}`, 'Lists what a user was lent.'),
  'identity:get_trust': rule(`${readers} or ${trustor} or ${trustee}`, 'Shows a trust.'),
  'identity:list_roles_for_trust': rule(`${readers} or ${trustor} or ${trustee}`, 'Lists the roles of a trust.'),
  'identity:get_role_for_trust': rule(`${readers} or ${trustor} or ${trustee}`, 'Shows a role of a trust.'),
  'identity:delete_trust': rule(`${admin} or ${trustor}`, 'Ends a trust.'),
}

export const identityPolicy = policyRules('identity', {
  admin_required: rule('role:admin or is_admin:1', 'Is an administrator of the cloud.'),
  ...tokenRules,
  ...projectRules,
  ...peopleRules,
  ...assignmentRules,
  ...cloudWide('region', 'regions', 'region', ''),
  ...cloudWide('service', 'services', 'service'),
  ...cloudWide('endpoint', 'endpoints', 'endpoint'),
  ...cloudWide('policy', 'policies', 'policy document'),
  ...credentialRules,
  ...trustRules,
})
