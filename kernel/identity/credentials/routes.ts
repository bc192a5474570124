// Which operation answers which request about credentials of all kinds.
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import {
  createApplicationCredential,
  createApplicationCredentialBody,
  listAccessRules,
  listApplicationCredentials,
  removeAccessRule,
  removeApplicationCredential,
  showAccessRule,
  showApplicationCredential,
} from './application-credentials.ts'
import {
  createCredential,
  createCredentialBody,
  listCredentials,
  removeCredential,
  showCredential,
  updateCredential,
  updateCredentialBody,
} from './credentials.ts'
import { createEc2, createEc2Body, listEc2, removeEc2, showEc2 } from './ec2.ts'

const r = routes<IdentityContext>()
const applications = '/v3/users/:user_id/application_credentials'
const ec2 = '/v3/users/:user_id/credentials/OS-EC2'
const rules = '/v3/users/:user_id/access_rules'

export const credentialRoutes = [
  r('GET', '/v3/credentials', listCredentials),
  r('POST', '/v3/credentials', createCredential, { body: createCredentialBody }),
  r('GET', '/v3/credentials/:credential_id', showCredential),
  r('PATCH', '/v3/credentials/:credential_id', updateCredential, { body: updateCredentialBody }),
  r('DELETE', '/v3/credentials/:credential_id', removeCredential),
  r('GET', ec2, listEc2),
  r('POST', ec2, createEc2, { body: createEc2Body }),
  r('GET', `${ec2}/:credential_id`, showEc2),
  r('DELETE', `${ec2}/:credential_id`, removeEc2),
  r('GET', applications, listApplicationCredentials),
  r('POST', applications, createApplicationCredential, { body: createApplicationCredentialBody }),
  r('GET', `${applications}/:application_credential_id`, showApplicationCredential),
  r('DELETE', `${applications}/:application_credential_id`, removeApplicationCredential),
  r('GET', rules, listAccessRules),
  r('GET', `${rules}/:access_rule_id`, showAccessRule),
  r('DELETE', `${rules}/:access_rule_id`, removeAccessRule),
]
