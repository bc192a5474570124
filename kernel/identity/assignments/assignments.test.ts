// Roles through groups, from above, and by implication; what personas may do with them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IdentityCloud, identityCloud } from '../testing.ts'

const idOf = async (cloud: IdentityCloud, path: string, body: Record<string, unknown>) => {
  const one = path.replace(/s$/, '')
  return String((await cloud.do('POST', `/v3/${path}`, { [one]: body }))[one]!.id)
}

const roleNamed = async (cloud: IdentityCloud, name: string) => {
  const { roles } = (await cloud.do('GET', `/v3/roles?name=${name}`)) as unknown as { roles: { id: string }[] }
  return roles[0]!.id
}

const tokenOf = async (cloud: IdentityCloud, userId: string, scope: unknown) => {
  const identity = { methods: ['password'], password: { user: { id: userId, password: 'secret' } } }
  return cloud.ask('identity', '', 'POST', '/v3/auth/tokens', { auth: { identity, scope } })
}

test("a group's role on a domain, inherited, reaches every project below and not the domain", async (t) => {
  const cloud = await identityCloud(t)
  const domainId = await idOf(cloud, 'domains', { name: 'd' })
  const top = await idOf(cloud, 'projects', { name: 'top', domain_id: domainId })
  const below = await idOf(cloud, 'projects', { name: 'below', domain_id: domainId, parent_id: top })
  const userId = await idOf(cloud, 'users', { name: 'u', domain_id: domainId, password: 'secret' })
  const groupId = await idOf(cloud, 'groups', { name: 'g', domain_id: domainId })
  const member = await roleNamed(cloud, 'member')
  await cloud.do('PUT', `/v3/groups/${groupId}/users/${userId}`)
  await cloud.do('PUT', `/v3/OS-INHERIT/domains/${domainId}/groups/${groupId}/roles/${member}/inherited_to_projects`)

  const token = await tokenOf(cloud, userId, { project: { id: below } })
  assert.equal(token.status, 201, JSON.stringify(token.body))
  const { roles } = token.json.token as { roles: { name: string }[] }
  assert.deepEqual(roles.map(({ name }) => name).sort(), ['member', 'reader'])
  assert.equal((await tokenOf(cloud, userId, { domain: { id: domainId } })).status, 401)

  const list = async (query: string) =>
    (
      (await cloud.do('GET', `/v3/role_assignments?${query}`)) as unknown as {
        role_assignments: Record<string, never>[]
      }
    ).role_assignments
  const effective = await list(`user.id=${userId}&effective&include_names`)
  assert.deepEqual(
    effective
      .map((one) => {
        const { scope, role } = one as unknown as { scope: { project: { name: string } }; role: { name: string } }
        return `${scope.project.name} ${role.name}`
      })
      .sort(),
    ['below member', 'below reader', 'top member', 'top reader'],
  )
  const written = await list(`group.id=${groupId}`)
  assert.deepEqual(written[0]!.scope, { domain: { id: domainId }, 'OS-INHERIT:inherited_to': 'projects' })
  assert.equal((await list(`scope.project.id=${top}&include_subtree&effective`)).length, 4)
})

test('a domain manager looks after the people of that domain and of no other', async (t) => {
  const cloud = await identityCloud(t)
  const domainId = await idOf(cloud, 'domains', { name: 'd' })
  const userId = await idOf(cloud, 'users', { name: 'boss', domain_id: domainId, password: 'secret' })
  const [manager, member, admin] = [
    await roleNamed(cloud, 'manager'),
    await roleNamed(cloud, 'member'),
    await roleNamed(cloud, 'admin'),
  ]
  await cloud.do('PUT', `/v3/domains/${domainId}/users/${userId}/roles/${manager}`)
  const token = String((await tokenOf(cloud, userId, { domain: { id: domainId } })).headers['x-subject-token'])
  const ask = async (method: string, path: string, body?: unknown) =>
    cloud.ask('identity', token, method, `/v3/${path}`, body)

  const made = await ask('POST', 'users', { user: { name: 'new' } })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const person = made.json.user as { id: string; domain_id: string }
  assert.equal(person.domain_id, domainId)
  const project = (await ask('POST', 'projects', { project: { name: 'p' } })).json.project as { id: string }
  assert.equal((await ask('POST', 'users', { user: { name: 'x', domain_id: 'default' } })).status, 403)
  assert.equal((await ask('POST', 'domains', { domain: { name: 'x' } })).status, 403)
  const grant = (role: string) => ask('PUT', `projects/${project.id}/users/${person.id}/roles/${role}`)
  assert.equal((await grant(member)).status, 204)
  assert.equal((await grant(admin)).status, 403)
  const { users } = (await ask('GET', 'users')).json as { users: { domain_id: string }[] }
  assert.deepEqual([...new Set(users.map(({ domain_id }) => domain_id))], [domainId])
})

test('without a role there is no token, and a reader sees only themselves', async (t) => {
  const cloud = await identityCloud(t)
  const userId = await idOf(cloud, 'users', { name: 'u', password: 'secret' })
  const projectId = await idOf(cloud, 'projects', { name: 'p' })
  assert.equal((await tokenOf(cloud, userId, { project: { id: projectId } })).status, 401)
  const token = String((await tokenOf(cloud, userId, undefined)).headers['x-subject-token'])
  const status = async (path: string) => (await cloud.ask('identity', token, 'GET', `/v3/${path}`)).status
  assert.equal(await status(`users/${userId}`), 200)
  for (const path of ['users', 'projects', 'roles', 'role_assignments', 'services', `projects/${projectId}`])
    assert.equal(await status(path), 403, path)
})
