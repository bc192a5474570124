// What every store of image bytes must do; each store's test file calls this.
import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { ImageStore } from './driver.ts'

export interface ImageStoreFixture {
  store: ImageStore
  /** A second store over the same bytes, as after a restart of the process. Not opened yet. */
  again(): ImageStore
}

export function imageStoreContract(title: string, make: (t: TestContext) => Promise<ImageStoreFixture>): void {
  const check = (claim: string, body: (fixture: ImageStoreFixture) => Promise<void>) =>
    test(`${title}: ${claim}`, async (t) => {
      const fixture = await make(t)
      await fixture.store.open()
      await body(fixture)
      await fixture.store.close()
    })

  check('what was put comes back, whole and in ranges', async ({ store }) => {
    const id = randomUUID()
    const bytes = randomBytes(300_001)
    assert.deepEqual(await store.put(id, inPieces(bytes, 7_000)), { sizeBytes: bytes.length })
    assert.equal(digest(await buffer(await store.get(id))), digest(bytes))
    for (const [start, end] of [
      [0, 0],
      [0, 99],
      [65_535, 131_073],
      [300_000, 300_000],
      [299_990, 400_000],
    ] as const) {
      assert.deepEqual(await buffer(await store.get(id, { start, end })), bytes.subarray(start, end + 1))
    }
    assert.deepEqual(await store.list(), [id])
  })

  check('an empty image is an image', async ({ store }) => {
    const id = randomUUID()
    assert.deepEqual(await store.put(id, Readable.from([])), { sizeBytes: 0 })
    assert.equal((await buffer(await store.get(id))).length, 0)
  })

  check('an id that is taken is refused and its bytes stay', async ({ store }) => {
    const id = randomUUID()
    await store.put(id, inPieces(Buffer.from('first'), 2))
    await assert.rejects(store.put(id, inPieces(Buffer.from('second'), 2)), /already/)
    assert.equal((await buffer(await store.get(id))).toString(), 'first')
  })

  check('of two puts at the same time one wins', async ({ store }) => {
    const id = randomUUID()
    const results = await Promise.allSettled([
      store.put(id, inPieces(Buffer.alloc(50_000, 'a'), 1000)),
      store.put(id, inPieces(Buffer.alloc(50_000, 'b'), 1000)),
    ])
    assert.deepEqual(results.map((result) => result.status).sort(), ['fulfilled', 'rejected'])
    const kept = (await buffer(await store.get(id))).toString()
    assert.match(kept, /^(a{50000}|b{50000})$/)
  })

  check('an upload that breaks off leaves nothing', async ({ store, again }) => {
    const id = randomUUID()
    const broken = new Error('the client went away')
    await assert.rejects(store.put(id, breakingAfter(100_000, broken)), /went away/)
    await assert.rejects(store.get(id), /not in the/)
    assert.deepEqual(await store.list(), [])
    await store.put(id, inPieces(Buffer.from('second try'), 4))
    const next = again()
    await next.open()
    assert.deepEqual(await next.list(), [id])
    await next.close()
  })

  check('what is not there: get throws, remove succeeds', async ({ store }) => {
    const id = randomUUID()
    await assert.rejects(store.get(id), /not in the/)
    await store.remove(id)
    assert.equal(store.localPath(id), undefined)
  })

  check('remove twice, then the id is free', async ({ store }) => {
    const id = randomUUID()
    await store.put(id, inPieces(Buffer.from('one'), 1))
    await store.remove(id)
    await store.remove(id)
    assert.deepEqual(await store.list(), [])
    await assert.rejects(store.get(id), /not in the/)
    await store.put(id, inPieces(Buffer.from('two'), 1))
    assert.equal((await buffer(await store.get(id))).toString(), 'two')
  })

  check('everything is there after a restart', async ({ store, again }) => {
    const ids = [randomUUID(), randomUUID(), randomUUID()].sort()
    for (const id of ids) await store.put(id, inPieces(Buffer.from(id), 5))
    await store.close()
    const next = again()
    await next.open()
    await next.open()
    assert.deepEqual(await next.list(), ids)
    for (const id of ids) assert.equal((await buffer(await next.get(id))).toString(), id)
    await next.close()
  })

  check('images are read and written side by side', async ({ store }) => {
    const images = new Map(Array.from({ length: 8 }, () => [randomUUID() as string, randomBytes(40_000)]))
    await Promise.all([...images].map(([id, bytes]) => store.put(id, inPieces(bytes, 3000))))
    const read = await Promise.all([...images.keys()].map(async (id) => buffer(await store.get(id))))
    assert.deepEqual(read.map(digest), [...images.values()].map(digest))
  })
}

function inPieces(bytes: Buffer, pieceBytes: number): Readable {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes))
  return Readable.from(pieces)
}

function breakingAfter(bytes: number, error: Error): Readable {
  async function* source() {
    yield Buffer.alloc(bytes)
    throw error
  }
  return Readable.from(source())
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
