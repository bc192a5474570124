// Tokens: small, true, and void the moment that what they stand on changes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminPassword, identityCloud } from '../testing.ts'

test('a password gives a small token, whose body names user, project, roles and catalog', async (t) => {
  const { ask, admin } = await identityCloud(t)
  assert.ok(admin.length > 0 && admin.length < 200, `${admin.length} characters`)
  const shown = await ask('identity', admin, 'GET', '/v3/auth/tokens', undefined, { 'x-subject-token': admin })
  assert.equal(shown.status, 200, JSON.stringify(shown.body))
  const token = shown.json.token as {
    methods: string[]
    project: { id: string; name: string }
    roles: { name: string }[]
    catalog: { type: string; endpoints: { url: string }[] }[]
  }
  assert.deepEqual(token.methods, ['password'])
  assert.equal(token.project.name, 'admin')
  assert.deepEqual(token.roles.map(({ name }) => name).sort(), ['admin', 'manager', 'member', 'reader'])
  const volume = token.catalog.find(({ type }) => type === 'volumev3')
  assert.equal(volume?.endpoints[0]?.url, `http://v/v3/${token.project.id}`)
  assert.equal(volume?.endpoints[1]?.url, `http://v/v3/${token.project.id}`)
})

test('wrong passwords and unknown users are refused in the same words', async (t) => {
  const { ask } = await identityCloud(t)
  const bodies = []
  for (const [name, password] of [
    ['admin', 'wrong'],
    ['nobody', adminPassword],
  ]) {
    const identity = { methods: ['password'], password: { user: { name, domain: { name: 'Default' }, password } } }
    const refused = await ask('identity', '', 'POST', '/v3/auth/tokens', { auth: { identity } })
    assert.equal(refused.status, 401)
    assert.ok(refused.headers['www-authenticate'])
    bodies.push(refused.json)
  }
  assert.deepEqual(bodies[0], bodies[1])
})

test('a token that is taken back is unknown from then on, to its holder as well', async (t) => {
  const { ask, login, admin } = await identityCloud(t)
  const other = (await login('admin', adminPassword, 'unscoped'))!
  const about = { 'x-subject-token': other }
  assert.equal((await ask('identity', admin, 'HEAD', '/v3/auth/tokens', undefined, about)).status, 200)
  assert.equal((await ask('identity', admin, 'DELETE', '/v3/auth/tokens', undefined, about)).status, 204)
  assert.equal((await ask('identity', admin, 'GET', '/v3/auth/tokens', undefined, about)).status, 404)
  assert.equal((await ask('identity', other, 'GET', '/v3/auth/projects')).status, 401)
  assert.equal((await ask('identity', admin, 'GET', '/v3/auth/projects')).status, 200)
})

test('a token ends with its time, and one made from it ends with the first', async (t) => {
  const { ask, clock, admin } = await identityCloud(t, { tokenLifetime: '60s' })
  clock.advance(40_000)
  const again = await ask('identity', '', 'POST', '/v3/auth/tokens', {
    auth: { identity: { methods: ['token'], token: { id: admin } }, scope: { system: { all: true } } },
  })
  assert.equal(again.status, 201, JSON.stringify(again.body))
  const second = String(again.headers['x-subject-token'])
  assert.deepEqual((again.json.token as { system: unknown }).system, { all: true })
  assert.equal((await ask('identity', second, 'GET', '/v3/auth/domains')).status, 200)
  clock.advance(20_000)
  assert.equal((await ask('identity', second, 'GET', '/v3/auth/domains')).status, 401)
  assert.equal((await ask('identity', admin, 'GET', '/v3/auth/domains')).status, 401)
})

test('a token with one changed letter is no token', async (t) => {
  const { ask, admin } = await identityCloud(t)
  const changed = admin.slice(0, 50) + (admin[50] === 'A' ? 'B' : 'A') + admin.slice(51)
  assert.equal((await ask('identity', changed, 'GET', '/v3/auth/projects')).status, 401)
})
