// Keys rotate without ending a token before its time.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { decrypt, encrypt } from './cipher.ts'
import { pack, unpack } from './claims.ts'
import { KeyRepository } from './key-repository.ts'

test('what was encrypted stays readable until its key is gone, in other processes as well', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const mine = new KeyRepository(folder, 'token')
  const theirs = new KeyRepository(folder, 'token')
  assert.deepEqual(readdirSync(folder).sort(), ['0', '1'])
  assert.equal(statSync(join(folder, '1')).mode & 0o077, 0)
  const old = encrypt(mine, 1, Buffer.from('old'))
  mine.rotate(2, 5000)
  assert.equal(mine.primaryAgeMs(6000), 1000)
  const fresh = encrypt(mine, 1, Buffer.from('new'))
  assert.equal(decrypt(theirs, 1, fresh)?.toString(), 'new')
  assert.equal(decrypt(mine, 1, old)?.toString(), 'old')
  mine.rotate(2, 7000)
  assert.deepEqual(readdirSync(folder).sort(), ['0', '2', '3'])
  assert.equal(decrypt(mine, 1, old), undefined)
  assert.equal(decrypt(new KeyRepository(folder, 'other purpose'), 1, fresh), undefined)
})

test('claims come out of a token as they went in', () => {
  const id = 'ab'.repeat(16)
  for (const scope of [
    { kind: 'none' },
    { kind: 'system' },
    { kind: 'domain', domainId: 'default', generation: 0 },
    { kind: 'project', projectId: id, generation: 70_000 },
  ] as const) {
    const claims = {
      userId: id,
      generation: 3,
      methods: ['password', 'token'] as ('password' | 'token')[],
      scope,
      issuedAtMs: 1_700_000_000_123,
      expiresAtMs: 1_700_000_100_456,
      auditIds: [Buffer.alloc(16, 1).toString('base64url'), Buffer.alloc(16, 2).toString('base64url')],
      applicationCredentialId: id,
      trustId: id,
    }
    assert.deepEqual(unpack(pack(claims)), claims)
  }
})
