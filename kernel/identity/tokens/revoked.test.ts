// Whatever a token stands on: the moment that it goes, so does the token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IdentityCloud, identityCloud } from '../testing.ts'

interface Place {
  cloud: IdentityCloud
  userId: string
  projectId: string
  domainId: string
  roleId: string
  groupId: string
}

/** A user in an own domain, with one role in a project through a group. */
async function inhabited(t: Parameters<typeof identityCloud>[0]): Promise<Place & { token: string }> {
  const cloud = await identityCloud(t)
  const id = async (path: string, body: Record<string, unknown>) => {
    const one = path.replace(/s$/, '')
    return String((await cloud.do('POST', `/v3/${path}`, { [one]: body }))[one]!.id)
  }
  const domainId = await id('domains', { name: 'd' })
  const projectId = await id('projects', { name: 'p', domain_id: domainId })
  const userId = await id('users', { name: 'u', domain_id: domainId, password: 'secret' })
  const groupId = await id('groups', { name: 'g', domain_id: domainId })
  const roleId = await id('roles', { name: 'r' })
  await cloud.do('PUT', `/v3/groups/${groupId}/users/${userId}`)
  await cloud.do('PUT', `/v3/projects/${projectId}/groups/${groupId}/roles/${roleId}`)
  const identity = { methods: ['password'], password: { user: { id: userId, password: 'secret' } } }
  const { headers, status, body } = await cloud.ask('identity', '', 'POST', '/v3/auth/tokens', {
    auth: { identity, scope: { project: { id: projectId } } },
  })
  assert.equal(status, 201, JSON.stringify(body))
  return { cloud, userId, projectId, domainId, roleId, groupId, token: String(headers['x-subject-token']) }
}

const causes: [string, (place: Place) => Promise<unknown>][] = [
  ['password change', ({ cloud, userId }) => cloud.do('PATCH', `/v3/users/${userId}`, { user: { password: 'new' } })],
  ['disabled user', ({ cloud, userId }) => cloud.do('PATCH', `/v3/users/${userId}`, { user: { enabled: false } })],
  ['removed user', ({ cloud, userId }) => cloud.do('DELETE', `/v3/users/${userId}`)],
  [
    'disabled project',
    ({ cloud, projectId }) => cloud.do('PATCH', `/v3/projects/${projectId}`, { project: { enabled: false } }),
  ],
  ['removed project', ({ cloud, projectId }) => cloud.do('DELETE', `/v3/projects/${projectId}`)],
  [
    'disabled domain',
    ({ cloud, domainId }) => cloud.do('PATCH', `/v3/domains/${domainId}`, { domain: { enabled: false } }),
  ],
  [
    'removed assignment',
    ({ cloud, projectId, groupId, roleId }) =>
      cloud.do('DELETE', `/v3/projects/${projectId}/groups/${groupId}/roles/${roleId}`),
  ],
  ['removed role', ({ cloud, roleId }) => cloud.do('DELETE', `/v3/roles/${roleId}`)],
  ['leaving the group', ({ cloud, groupId, userId }) => cloud.do('DELETE', `/v3/groups/${groupId}/users/${userId}`)],
  ['removed group', ({ cloud, groupId }) => cloud.do('DELETE', `/v3/groups/${groupId}`)],
]

for (const [says, happens] of causes)
  test(`${says} ends the token at once`, async (t) => {
    const { token, ...place } = await inhabited(t)
    assert.equal((await place.cloud.ask('identity', token, 'GET', '/v3/auth/projects')).status, 200)
    await happens(place)
    assert.equal((await place.cloud.ask('identity', token, 'GET', '/v3/auth/projects')).status, 401)
  })

test('a user who is enabled again does not get old tokens back', async (t) => {
  const { cloud, userId, token } = await inhabited(t)
  for (const enabled of [false, true]) await cloud.do('PATCH', `/v3/users/${userId}`, { user: { enabled } })
  assert.equal((await cloud.ask('identity', token, 'GET', '/v3/auth/projects')).status, 401)
})

test('a removed domain takes everything in it along', async (t) => {
  const { cloud, domainId, userId, projectId, groupId } = await inhabited(t)
  assert.equal((await cloud.ask('identity', cloud.admin, 'DELETE', `/v3/domains/${domainId}`)).status, 403)
  await cloud.do('PATCH', `/v3/domains/${domainId}`, { domain: { enabled: false } })
  await cloud.do('DELETE', `/v3/domains/${domainId}`)
  for (const path of [`users/${userId}`, `projects/${projectId}`, `groups/${groupId}`, `domains/${domainId}`])
    assert.equal((await cloud.ask('identity', cloud.admin, 'GET', `/v3/${path}`)).status, 404, path)
  const left = await cloud.do('GET', `/v3/role_assignments?include_names`)
  assert.equal(JSON.stringify(left).includes(projectId), false)
})
