// The contract, and what only files have: names, modes and what a crash leaves.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { imageStoreContract } from '../../../kernel/image/driver.contract.ts'
import { FilesImageStore } from './files-image-store.ts'
import { partialName } from './partial.ts'

const id = '0b1c2d3e-0000-4000-8000-000000000001'

imageStoreContract('files image store', async (t) => {
  const dir = await folder(t)
  return { store: new FilesImageStore({ dir }), again: () => new FilesImageStore({ dir }) }
})

test('an image is a read-only file two folders down, at its local path', async (t) => {
  const dir = await folder(t)
  const store = new FilesImageStore({ dir })
  await store.open()
  await store.put(id, Readable.from([Buffer.from('bytes')]))
  assert.equal(store.localPath(id), join(dir, '0b', '1c', id))
  assert.equal((await stat(join(dir, '0b', '1c', id))).mode & 0o777, 0o444)
  assert.equal(await readFile(store.localPath(id)!, 'utf8'), 'bytes')
  const next = new FilesImageStore({ dir })
  await next.open()
  assert.equal(next.localPath(id), join(dir, '0b', '1c', id))
})

test('open sweeps what a dead process left and spares what a living one writes', async (t) => {
  const dir = await folder(t)
  const inside = join(dir, '0b', '1c')
  await mkdir(inside, { recursive: true })
  const dead = partialName().replace(/^\.partial-\d+-\d+/, '.partial-1-1')
  const alive = partialName()
  await writeFile(join(inside, dead), 'half')
  await writeFile(join(inside, '.partial-nonsense'), 'half')
  await writeFile(join(inside, alive), 'half')
  const store = new FilesImageStore({ dir })
  await store.open()
  assert.deepEqual(await readdir(inside), [alive])
  assert.deepEqual(await store.list(), [])
})

test('a refused put leaves no partial file', async (t) => {
  const dir = await folder(t)
  const store = new FilesImageStore({ dir })
  await store.open()
  await store.put(id, Readable.from([Buffer.from('bytes')]))
  await assert.rejects(store.put(id, Readable.from([Buffer.from('other')])))
  assert.deepEqual(await readdir(join(dir, '0b', '1c')), [id])
})

test('names that are paths are refused', async (t) => {
  const store = new FilesImageStore({ dir: await folder(t) })
  await store.open()
  for (const bad of ['../../etc/passwd', 'ab/cd/ef', '.partial-1-1-x', '', 'a.b.c.d', '..']) {
    await assert.rejects(store.put(bad, Readable.from([])), /no image id/)
    await assert.rejects(store.get(bad), /no image id/)
  }
})

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'image-files-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}
