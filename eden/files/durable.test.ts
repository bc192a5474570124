import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readIfThere, writeDurably } from './durable.ts'

test('a file is replaced as a whole, for its owner only, and no draft stays', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'durable-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'notes')
  assert.equal(await readIfThere(path), undefined)
  await writeDurably(path, 'first, and longer')
  await writeFile(`${path}.new`, 'what a crash left', { mode: 0o600 })
  await writeDurably(path, 'second')
  assert.equal(await readIfThere(path), 'second')
  assert.deepEqual(await readdir(folder), ['notes'])
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

test('only absence counts as absence', async () => {
  await assert.rejects(readIfThere(tmpdir()), /EISDIR/)
})
