// Who may see and change domains and projects.
import type { PolicyRule } from '../../../eden/policy/rules.ts'

const rule = (check: string, says: string): PolicyRule => ({ check, says })
const admin = 'rule:admin_required'
const systemReader = '(role:reader and system_scope:all)'
const domainReader = (of: string) => `(role:reader and domain_id:%(${of})s)`
const domainManager = (of: string) => `(role:manager and domain_id:%(${of})s)`
const inProject = 'project_id:%(target.project.id)s'

export const projectRules: Record<string, PolicyRule> = {
  'identity:get_domain': rule(
    `${admin} or ${systemReader} or token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s`,
    'Shows a domain.',
  ),
  'identity:list_domains': rule(`${admin} or ${systemReader} or ${domainReader('target.domain.id')}`, 'Lists domains.'),
  'identity:create_domain': rule(admin, 'Makes a domain.'),
  'identity:update_domain': rule(admin, 'Changes a domain.'),
  'identity:delete_domain': rule(admin, 'Removes a domain and all that is in it.'),
  'identity:get_project': rule(
    `${admin} or ${systemReader} or ${domainReader('target.project.domain_id')} or ${inProject}`,
    'Shows a project.',
  ),
  'identity:list_projects': rule(
    `${admin} or ${systemReader} or ${domainReader('target.domain_id')}`,
    'Lists projects.',
  ),
  'identity:list_user_projects': rule(
    `${admin} or ${systemReader} or ${domainReader('target.user.domain_id')} or user_id:%(target.user.id)s`,
    'Lists the projects of a user.',
  ),
  'identity:create_project': rule(`${admin} or ${domainManager('target.project.domain_id')}`, 'Makes a project.'),
  'identity:update_project': rule(`${admin} or ${domainManager('target.project.domain_id')}`, 'Changes a project.'),
  'identity:delete_project': rule(`${admin} or ${domainManager('target.project.domain_id')}`, 'Removes a project.'),
  'identity:list_project_tags': rule(
    `${admin} or ${systemReader} or ${domainReader('target.project.domain_id')} or ${inProject}`,
    'Lists the tags of a project.',
  ),
  'identity:get_project_tag': rule(
    `${admin} or ${systemReader} or ${domainReader('target.project.domain_id')} or ${inProject}`,
    'Asks whether a project has a tag.',
  ),
  'identity:update_project_tags': rule(
    `${admin} or ${domainManager('target.project.domain_id')}`,
    'Replaces all tags.',
  ),
  'identity:create_project_tag': rule(`${admin} or ${domainManager('target.project.domain_id')}`, 'Adds a tag.'),
  'identity:delete_project_tag': rule(`${admin} or ${domainManager('target.project.domain_id')}`, 'Removes a tag.'),
  'identity:delete_project_tags': rule(`${admin} or ${domainManager('target.project.domain_id')}`, 'Removes all tags.'),
}
