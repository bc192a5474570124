// Locks, histories and expiry of passwords.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityCloud } from '../testing.ts'
import { Passwords } from './passwords.ts'

const newUser = { user: { name: 'u', domain_id: 'default', password: 'one' } }

test('a hash opens to its password alone, and to nobody where there is none', async () => {
  const passwords = new Passwords(10)
  const hash = await passwords.hash('secret')
  assert.match(hash, /^\$scrypt\$ln=10,r=8,p=1\$/)
  assert.deepEqual(
    [
      await passwords.verify(hash, 'Secret'),
      await passwords.verify(hash, 'secret'),
      await passwords.verify(hash, 'Secret'),
    ],
    [false, true, false],
  )
  assert.equal(passwords.isKnown(hash, 'secret'), true)
  assert.equal(await passwords.verify(undefined, 'secret'), false)
})

test('wrong passwords lock the account for a while, the right one included', async (t) => {
  const { login, clock, do: ask } = await identityCloud(t, { lockoutFailureAttempts: 2, lockoutDurationSeconds: 5 })
  await ask('POST', '/v3/users', newUser)
  assert.ok(await login('u', 'one'))
  await login('u', 'wrong')
  assert.ok(await login('u', 'one'), 'one wrong password locks nothing')
  await Promise.all([login('u', 'wrong'), login('u', 'wrong')])
  assert.equal(await login('u', 'one'), undefined)
  clock.advance(5000)
  assert.ok(await login('u', 'one'))
})

test('users change their password with the old one, but not to one of the last', async (t) => {
  const { ask, login, do: asAdmin } = await identityCloud(t, { uniqueLastPasswordCount: 2 })
  const { id } = (await asAdmin('POST', '/v3/users', newUser)).user!
  const change = async (original_password: string, password: string) =>
    (await ask('identity', '', 'POST', `/v3/users/${id}/password`, { user: { original_password, password } })).status
  assert.equal(await change('wrong', 'two'), 401)
  assert.equal(await change('one', 'one'), 400)
  assert.equal(await change('one', 'two'), 204)
  assert.equal(await login('u', 'one'), undefined)
  assert.equal(await change('two', 'one'), 400)
  assert.equal(await change('two', 'three'), 204)
  assert.equal(await change('three', 'one'), 204)
})

test('an old password must be changed before it opens again', async (t) => {
  const { ask, login, clock, do: asAdmin } = await identityCloud(t, { passwordExpiresDays: 1 })
  const { id } = (await asAdmin('POST', '/v3/users', newUser)).user!
  clock.advance(86_400_001)
  assert.equal(await login('u', 'one'), undefined)
  const body = { user: { original_password: 'one', password: 'two' } }
  assert.equal((await ask('identity', '', 'POST', `/v3/users/${id}/password`, body)).status, 204)
  assert.ok(await login('u', 'two'))
})

test('no secret is in a reply or in the change log', async (t) => {
  const { assembly, do: asAdmin } = await identityCloud(t)
  const made = await asAdmin('POST', '/v3/users', newUser)
  assert.equal(JSON.stringify(made).includes('scrypt'), false)
  const { change } = await import('../../../eden/changes/change.ts')
  const { everyone } = await import('../../../eden/store/rows.ts')
  const log = await assembly.store.reads().rows(change, everyone('test')).list()
  assert.ok(log.length > 0)
  assert.equal(JSON.stringify(log).includes('scrypt'), false)
})
