// Every table of identity.
import type { Migration } from '../../../eden/store/schema.ts'
import { assignment } from '../assignments/assignment.ts'
import { endpoint, region, service } from '../catalog/catalog.ts'
import { accessRule, applicationCredential } from '../credentials/application-credential.ts'
import { credential } from '../credentials/credential.ts'
import { policyDocument } from '../extras/policy-document.ts'
import { group, membership } from '../people/group.ts'
import { loginFailure, user } from '../people/user.ts'
import { project } from '../projects/project.ts'
import { implication, role } from '../roles/role.ts'
import { revocation } from '../tokens/revocation.ts'
import { trust } from '../trusts/trust.ts'

export const resources = [
  project,
  user,
  loginFailure,
  group,
  membership,
  role,
  implication,
  assignment,
  region,
  service,
  endpoint,
  credential,
  applicationCredential,
  accessRule,
  revocation,
  trust,
  policyDocument,
]

export const identityTables: Migration = { name: '0001-identity', up: (schema) => schema.tables(...resources) }
