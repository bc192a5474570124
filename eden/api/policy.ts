// Who may look into the machinery.
import { policyRules } from '../policy/rules.ts'

export const edenPolicy = policyRules('eden', {
  'eden:services': {
    check: 'rule:context_is_admin',
    says: 'See the services of the cloud with their health and load.',
  },
  'eden:explain': { check: '', says: 'Ask why a rule allows or refuses something to oneself.' },
  'eden:jobs': { check: 'rule:project_reader_or_admin', says: 'See the jobs of the project.' },
  'eden:cancel_job': { check: 'rule:project_member_or_admin', says: 'Cancel a job of the project.' },
  'eden:changes': { check: 'rule:project_reader_or_admin', says: 'Read and follow what changes in the project.' },
  'eden:webhooks': { check: 'rule:project_reader_or_admin', says: 'See the webhooks of the project.' },
  'eden:edit_webhooks': {
    check: 'rule:project_member_or_admin',
    says: 'Make, change and remove webhooks of the project.',
  },
})
