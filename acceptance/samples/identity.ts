// Samples of everything that identity writes.
import type { Sample } from './sample.ts'

const login = (user: string, password: string) => ({
  auth: {
    identity: { methods: ['password'], password: { user: { id: user, password } } },
    scope: { project: { id: '{ownProject}' } },
  },
})

const preparation: Sample[] = [
  {
    ask: 'GET /v3/users?name=admin',
    prepares: true,
    keeps: { admin: 'users.0.id' },
  },
  { ask: 'GET /v3/projects?name=admin', prepares: true, keeps: { ownProject: 'projects.0.id' } },
  { ask: 'GET /v3/roles?name=member', prepares: true, keeps: { member: 'roles.0.id' } },
]

const projects: Sample[] = [
  { ask: 'POST /v3/domains', body: { domain: { name: 'sampled' } }, keeps: { domain: 'domain.id' } },
  { ask: 'POST /v3/domains', body: { domain: { name: 'sampled' } }, refuses: 409 },
  { ask: 'PATCH /v3/domains/{domain}', body: { domain: { description: 'changed' } } },
  {
    ask: 'POST /v3/projects',
    body: { project: { name: 'sampled', domain_id: '{domain}' } },
    keeps: { project: 'project.id' },
  },
  { ask: 'PATCH /v3/projects/{project}', body: { project: { description: 'changed' } } },
  { ask: 'PUT /v3/projects/{project}/tags', body: { tags: ['one', 'two'] } },
  { ask: 'PUT /v3/projects/{project}/tags/three' },
  { ask: 'DELETE /v3/projects/{project}/tags/one' },
  { ask: 'DELETE /v3/projects/{project}/tags' },
]

const people: Sample[] = [
  {
    ask: 'POST /v3/users',
    body: { user: { name: 'sampled', domain_id: '{domain}', password: 'a long first word' } },
    keeps: { user: 'user.id' },
  },
  { ask: 'PATCH /v3/users/{user}', body: { user: { email: 'sampled@example.org' } } },
  {
    ask: 'POST /v3/users/{user}/password',
    body: { user: { original_password: 'not the first word', password: 'a long second word' } },
    refuses: 401,
    // A guess counts however it is dressed, or a dry run could try passwords for ever.
    changesTable: 'identity_login_failures',
  },
  {
    ask: 'POST /v3/users/{user}/password',
    body: { user: { original_password: 'a long first word', password: 'a long second word' } },
  },
  {
    ask: 'POST /v3/groups',
    body: { group: { name: 'sampled', domain_id: '{domain}' } },
    keeps: { group: 'group.id' },
  },
  { ask: 'PATCH /v3/groups/{group}', body: { group: { description: 'changed' } } },
  { ask: 'PUT /v3/groups/{group}/users/{user}' },
  { ask: 'DELETE /v3/groups/{group}/users/{user}' },
]

const roles: Sample[] = [
  { ask: 'POST /v3/roles', body: { role: { name: 'sampled' } }, keeps: { role: 'role.id' } },
  { ask: 'PATCH /v3/roles/{role}', body: { role: { description: 'changed' } } },
  { ask: 'PUT /v3/roles/{role}/implies/{member}' },
  { ask: 'DELETE /v3/roles/{role}/implies/{member}' },
]

const places = ['projects/{project}', 'domains/{domain}']
const assignments: Sample[] = ['users/{user}', 'groups/{group}'].flatMap((who) => [
  ...[...places, 'system'].flatMap((where) => [
    { ask: `PUT /v3/${where}/${who}/roles/{role}` },
    { ask: `DELETE /v3/${where}/${who}/roles/{role}` },
  ]),
  ...places.flatMap((where) => [
    { ask: `PUT /v3/OS-INHERIT/${where}/${who}/roles/{role}/inherited_to_projects` },
    { ask: `DELETE /v3/OS-INHERIT/${where}/${who}/roles/{role}/inherited_to_projects` },
  ]),
])

const catalog: Sample[] = [
  { ask: 'POST /v3/regions', body: { region: { description: 'sampled' } }, keeps: { region: 'region.id' } },
  { ask: 'PATCH /v3/regions/{region}', body: { region: { description: 'changed' } } },
  { ask: 'PUT /v3/regions/sampled', body: { region: { description: 'with a name' } } },
  {
    ask: 'POST /v3/services',
    body: { service: { type: 'sampled', name: 'sampled' } },
    keeps: { service: 'service.id' },
  },
  { ask: 'PATCH /v3/services/{service}', body: { service: { description: 'changed' } } },
  {
    ask: 'POST /v3/endpoints',
    body: {
      endpoint: { service_id: '{service}', interface: 'public', region_id: '{region}', url: 'http://sampled.example' },
    },
    keeps: { endpoint: 'endpoint.id' },
  },
  { ask: 'PATCH /v3/endpoints/{endpoint}', body: { endpoint: { url: 'http://changed.example' } } },
  { ask: 'DELETE /v3/endpoints/{endpoint}' },
  { ask: 'DELETE /v3/services/{service}' },
  { ask: 'DELETE /v3/regions/{region}' },
  {
    ask: 'POST /v3/policies',
    body: { policy: { blob: '{}', type: 'application/json' } },
    keeps: { policy: 'policy.id' },
  },
  { ask: 'PATCH /v3/policies/{policy}', body: { policy: { blob: '{"changed": true}' } } },
  { ask: 'DELETE /v3/policies/{policy}' },
]

const credentials: Sample[] = [
  {
    ask: 'POST /v3/credentials',
    body: { credential: { type: 'cert', blob: 'sampled', user_id: '{user}' } },
    keeps: { credential: 'credential.id' },
  },
  { ask: 'PATCH /v3/credentials/{credential}', body: { credential: { blob: 'changed' } } },
  { ask: 'DELETE /v3/credentials/{credential}' },
  {
    ask: 'POST /v3/users/{admin}/credentials/OS-EC2',
    body: { tenant_id: '{ownProject}' },
    keeps: { access: 'credential.access' },
  },
  { ask: 'DELETE /v3/users/{admin}/credentials/OS-EC2/{access}' },
  {
    ask: 'POST /v3/users/{admin}/application_credentials',
    body: {
      application_credential: {
        name: 'sampled',
        access_rules: [{ service: 'image', path: '/v2/images', method: 'GET' }],
      },
    },
    keeps: {
      application: 'application_credential.id',
      accessRule: 'application_credential.access_rules.0.id',
    },
  },
  { ask: 'DELETE /v3/users/{admin}/access_rules/{accessRule}', refuses: 403 },
  { ask: 'DELETE /v3/users/{admin}/application_credentials/{application}' },
  { ask: 'DELETE /v3/users/{admin}/access_rules/{accessRule}' },
  {
    ask: 'POST /v3/OS-TRUST/trusts',
    body: {
      trust: {
        trustor_user_id: '{admin}',
        trustee_user_id: '{user}',
        project_id: '{ownProject}',
        impersonation: true,
        roles: [{ id: '{member}' }],
      },
    },
    keeps: { trust: 'trust.id' },
  },
  { ask: 'DELETE /v3/OS-TRUST/trusts/{trust}' },
]

const tokens: Sample[] = [
  { ask: 'PUT /v3/projects/{ownProject}/users/{user}/roles/{member}', prepares: true },
  {
    ask: 'POST /v3/auth/tokens',
    body: login('{user}', 'a long second word'),
    prepares: true,
    keeps: { token: 'headers.x-subject-token' },
  },
  { ask: 'DELETE /v3/auth/tokens', headers: { 'x-subject-token': '{token}' } },
]

const removals: Sample[] = [
  { ask: 'DELETE /v3/roles/{role}' },
  { ask: 'DELETE /v3/groups/{group}' },
  { ask: 'DELETE /v3/users/{user}' },
  { ask: 'DELETE /v3/projects/{project}' },
  { ask: 'DELETE /v3/domains/{domain}', refuses: 403 },
  { ask: 'PATCH /v3/domains/{domain}', body: { domain: { enabled: false } } },
  { ask: 'DELETE /v3/domains/{domain}' },
]

export const identitySamples: Sample[] = [
  ...preparation,
  ...projects,
  ...people,
  ...roles,
  ...assignments,
  ...catalog,
  ...credentials,
  ...tokens,
  ...removals,
]
