// Application credentials, trusts and secrets at rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { identityCloud } from '../testing.ts'

const me = async (cloud: Awaited<ReturnType<typeof identityCloud>>) => {
  const { json } = await cloud.ask('identity', cloud.admin, 'GET', '/v3/auth/tokens', undefined, {
    'x-subject-token': cloud.admin,
  })
  const { user, project } = json.token as { user: { id: string }; project: { id: string } }
  return { userId: user.id, projectId: project.id }
}

test('an application credential opens its project with its roles, for the requests that it is for', async (t) => {
  const cloud = await identityCloud(t)
  const { userId, projectId } = await me(cloud)
  const made = await cloud.do('POST', `/v3/users/${userId}/application_credentials`, {
    application_credential: {
      name: 'robot',
      roles: [{ name: 'reader' }],
      access_rules: [{ service: 'identity', path: '/v3/auth/projects', method: 'GET' }],
    },
  })
  const { id, secret } = made.application_credential as { id: string; secret: string }
  const login = (given: string) =>
    cloud.ask('identity', '', 'POST', '/v3/auth/tokens', {
      auth: { identity: { methods: ['application_credential'], application_credential: { id, secret: given } } },
    })
  assert.equal((await login('wrong')).status, 401)
  const { json, headers, status } = await login(secret)
  assert.equal(status, 201, JSON.stringify(json))
  const { project, roles, application_credential } = json.token as Record<string, Record<string, unknown>>
  assert.equal(project!.id, projectId)
  assert.deepEqual(
    (roles as unknown as { name: string }[]).map(({ name }) => name),
    ['reader'],
  )
  assert.equal(application_credential!.restricted, true)
  const token = String(headers['x-subject-token'])
  assert.equal((await cloud.ask('identity', token, 'GET', '/v3/auth/projects')).status, 200)
  assert.equal((await cloud.ask('identity', token, 'GET', '/v3/auth/domains')).status, 401)
  await cloud.do('DELETE', `/v3/users/${userId}/application_credentials/${id}`)
  assert.equal((await cloud.ask('identity', token, 'GET', '/v3/auth/projects')).status, 401)
})

test('a trust lends roles until it ends, and its token cannot lend on', async (t) => {
  const cloud = await identityCloud(t)
  const { userId, projectId } = await me(cloud)
  const trustee = String((await cloud.do('POST', '/v3/users', { user: { name: 'u', password: 'secret' } })).user!.id)
  const trust = {
    trustor_user_id: userId,
    trustee_user_id: trustee,
    impersonation: true,
    project_id: projectId,
    roles: [{ name: 'member' }],
    remaining_uses: 1,
  }
  const { id } = (await cloud.do('POST', '/v3/OS-TRUST/trusts', { trust })).trust!
  const login = () =>
    cloud.ask('identity', '', 'POST', '/v3/auth/tokens', {
      auth: {
        identity: { methods: ['password'], password: { user: { id: trustee, password: 'secret' } } },
        scope: { 'OS-TRUST:trust': { id } },
      },
    })
  const { json, headers, status } = await login()
  assert.equal(status, 201, JSON.stringify(json))
  const { user, roles } = json.token as { user: { id: string }; roles: { name: string }[] }
  assert.equal(user.id, userId)
  assert.deepEqual(roles.map(({ name }) => name).sort(), ['member', 'reader'])
  assert.equal((await login()).status, 403)
  const token = String(headers['x-subject-token'])
  assert.equal((await cloud.ask('identity', token, 'POST', '/v3/OS-TRUST/trusts', { trust })).status, 403)
  await cloud.do('DELETE', `/v3/OS-TRUST/trusts/${id}`)
  assert.equal((await cloud.ask('identity', token, 'GET', '/v3/auth/projects')).status, 401)
})

test('secrets that identity keeps are not readable in the database', async (t) => {
  const cloud = await identityCloud(t)
  const { projectId } = await me(cloud)
  const credential = {
    type: 'ec2',
    project_id: projectId,
    blob: JSON.stringify({ access: 'a', secret: 'very hidden' }),
  }
  const { id, blob } = (await cloud.do('POST', '/v3/credentials', { credential })).credential!
  assert.equal(blob, credential.blob)
  const { store } = cloud.assembly
  const rows = await store.reads().query(sql`select * from identity_credentials`.compile(store.sql))
  assert.equal(rows.length, 1)
  assert.equal(JSON.stringify(rows).includes('hidden'), false)
  assert.equal((await cloud.do('GET', `/v3/credentials/${id}`)).credential!.blob, credential.blob)
})

test('clients of the old kind log in with v2.0', async (t) => {
  const cloud = await identityCloud(t)
  const { json, status } = await cloud.ask('identity', '', 'POST', '/v2.0/tokens', {
    auth: { passwordCredentials: { username: 'admin', password: 'first secret' }, tenantName: 'admin' },
  })
  assert.equal(status, 200, JSON.stringify(json))
  const { token, serviceCatalog } = json.access as {
    token: { id: string; tenant: { name: string } }
    serviceCatalog: { type: string; endpoints: Record<string, string>[] }[]
  }
  assert.equal(token.tenant.name, 'admin')
  const identity = serviceCatalog.find(({ type }) => type === 'identity')
  assert.deepEqual(
    [identity!.endpoints.length, identity!.endpoints[0]!.publicURL, identity!.endpoints[0]!.adminURL],
    [1, 'http://k/v3', 'http://k/v3'],
  )
  const { tenants } = (await cloud.ask('identity', token.id, 'GET', '/v2.0/tenants')).json as {
    tenants: { name: string }[]
  }
  assert.deepEqual(
    tenants.map(({ name }) => name),
    ['admin'],
  )
})
