// What every store of disks must do; each driver's test file calls this.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { VolumeConnection, VolumeDriver } from './driver.ts'

export interface VolumeDriverFixture {
  driver: VolumeDriver
  /** A second driver over the same volumes, as after a restart of the process; the first is closed before. */
  again(): VolumeDriver
  /** Ways to read and write as a guest does; absent where volumes hold no bytes. */
  guest?: VolumeGuest
}

export interface VolumeGuest {
  /** Fills 1 MiB at `offsetMiB` with this byte. */
  write(connection: VolumeConnection, offsetMiB: number, byte: number): Promise<void>
  /** Throws where the 1 MiB at `offsetMiB` is not all this byte. */
  expect(connection: VolumeConnection, offsetMiB: number, byte: number): Promise<void>
  sizeGiB(connection: VolumeConnection): Promise<number>
}

export interface VolumeContractOptions {
  /** What is missing to run it here. */
  skip?: string
}

export function volumeDriverContract(
  title: string,
  make: (t: TestContext) => Promise<VolumeDriverFixture>,
  { skip }: VolumeContractOptions = {},
): void {
  const check = (claim: string, body: (fixture: VolumeDriverFixture, t: TestContext) => Promise<void>) =>
    test(`${title}: ${claim}`, { skip: skip && `needs ${skip}` }, async (t) => {
      const fixture = await make(t)
      await fixture.driver.open()
      try {
        await body(fixture, t)
      } finally {
        await fixture.driver.close()
      }
    })
  const twice = async (call: () => Promise<unknown>) => {
    await call()
    await call()
  }

  check('what is made is observed, and gone when removed; every call twice', async ({ driver }) => {
    const [a, b, c, d, snapshot] = uuids(5)
    await twice(() => driver.createEmpty(a, 1))
    await twice(() => driver.createSnapshot(snapshot, a))
    await twice(() => driver.createFromSnapshot(b, 2, { id: snapshot, volumeId: a }))
    await twice(() => driver.createFromVolume(c, 1, a))
    await twice(() => driver.createFromImage(d, 1, 'raw', Readable.from([Buffer.alloc(1000, 7)])))
    await twice(() => driver.extend(c, 3))
    assert.deepEqual(await driver.observe(), {
      volumes: [a, b, c, d].sort(),
      snapshots: [{ id: snapshot, volumeId: a }],
      connected: [],
    })
    await assert.rejects(driver.remove(a), /snapshot/)
    await twice(() => driver.removeSnapshot(snapshot, a))
    for (const id of [a, b, c, d]) await twice(() => driver.remove(id))
    assert.deepEqual(await driver.observe(), { volumes: [], snapshots: [], connected: [] })
  })

  check('a copy outlives its snapshot and its source', async ({ driver }) => {
    const [source, copy, clone, snapshot] = uuids(4)
    const content = randomBytes(300_000)
    await driver.createFromImage(source, 1, 'raw', Readable.from([content]))
    await driver.createSnapshot(snapshot, source)
    await driver.createFromSnapshot(copy, 1, { id: snapshot, volumeId: source })
    await driver.createFromVolume(clone, 2, source)
    await driver.removeSnapshot(snapshot, source)
    await driver.remove(source)
    assert.deepEqual(await beginning(driver, copy, content.length), content)
    assert.deepEqual(await beginning(driver, clone, content.length), content)
  })

  check('an image that is larger than the volume leaves nothing', async ({ driver }) => {
    const id = randomUUID()
    const piece = Buffer.alloc(8 * 1024 * 1024)
    const image = Readable.from(Array.from({ length: 129 }, () => piece))
    await assert.rejects(driver.createFromImage(id, 1, 'raw', image), /larger/)
    assert.equal(image.destroyed, true)
    assert.deepEqual((await driver.observe()).volumes, [])
  })

  check('an image that breaks off, or is not what it claims, leaves nothing', async ({ driver }) => {
    const id = randomUUID()
    async function* broken() {
      yield Buffer.alloc(1000, 1)
      throw new Error('the image store went away')
    }
    await assert.rejects(driver.createFromImage(id, 1, 'raw', Readable.from(broken())), /went away/)
    const nonsense = Readable.from([Buffer.alloc(100_000, 1)])
    await assert.rejects(driver.createFromImage(id, 1, 'qcow2', nonsense), /no qcow2/)
    assert.deepEqual((await driver.observe()).volumes, [])
    await driver.createEmpty(id, 1)
  })

  check('what it gives as qcow2 it takes as qcow2', async ({ driver }) => {
    const [source, copy] = uuids(2)
    await driver.createEmpty(source, 2)
    const { stream, sizeBytes } = await driver.read(source, 'qcow2')
    assert.ok(sizeBytes > 0)
    await driver.createFromImage(copy, 2, 'qcow2', stream)
    const again = await driver.read(source, 'qcow2')
    await assert.rejects(driver.createFromImage(randomUUID(), 1, 'qcow2', again.stream), /larger/)
    assert.deepEqual((await driver.observe()).volumes, [source, copy].sort())
  })

  check('sizes and sources are checked', async ({ driver }) => {
    const [id, other, snapshot] = uuids(3)
    await driver.createEmpty(id, 2)
    await driver.createSnapshot(snapshot, id)
    await assert.rejects(driver.createEmpty(id, 3), /already/)
    await assert.rejects(driver.createEmpty(other, 0), /at least 1/)
    await assert.rejects(driver.createEmpty(other, 1.5), /whole/)
    await assert.rejects(driver.extend(id, 1), /too few/)
    await assert.rejects(driver.createFromVolume(other, 1, id), /too few/)
    await assert.rejects(driver.createFromSnapshot(other, 1, { id: snapshot, volumeId: id }), /too few/)
    await assert.rejects(driver.createFromSnapshot(other, 2, { id: randomUUID(), volumeId: id }), /no snapshot/)
    for (const call of [
      () => driver.createFromVolume(other, 1, randomUUID()),
      () => driver.extend(randomUUID(), 1),
      () => driver.createSnapshot(randomUUID(), randomUUID()),
      () => driver.connect(randomUUID(), randomUUID(), false),
      () => driver.read(randomUUID(), 'raw'),
    ]) {
      await assert.rejects(call(), /is not in/)
    }
    assert.deepEqual((await driver.observe()).volumes, [id])
  })

  check('a snapshot keeps the size it had', async ({ driver }) => {
    const [id, copy, snapshot] = uuids(3)
    await driver.createEmpty(id, 1)
    await driver.createSnapshot(snapshot, id)
    await driver.extend(id, 3)
    await driver.createFromSnapshot(copy, 1, { id: snapshot, volumeId: id })
    await driver.extend(copy, 2)
  })

  check('a connection is the same each time and shields the volume', async ({ driver }) => {
    const [id, other, first, second] = uuids(4)
    await driver.createEmpty(id, 1)
    await driver.createEmpty(other, 1)
    const connection = await driver.connect(id, first, false)
    assert.deepEqual(await driver.connect(id, first, false), connection)
    await driver.connect(id, second, true)
    await assert.rejects(driver.connect(other, first, false), /Attachment/)
    assert.deepEqual((await driver.observe()).connected, [id])
    await assert.rejects(driver.remove(id), /connected/)
    await twice(() => driver.disconnect(id, first))
    assert.deepEqual((await driver.observe()).connected, [id])
    await twice(() => driver.disconnect(id, second))
    await driver.disconnect(randomUUID(), randomUUID())
    assert.deepEqual((await driver.observe()).connected, [])
    await driver.remove(id)
  })

  check('everything is there after a restart', async ({ driver, again }) => {
    const [id, other, attachment, snapshot] = uuids(4)
    await driver.createEmpty(id, 1)
    await driver.createEmpty(other, 1)
    await driver.createSnapshot(snapshot, id)
    const connection = await driver.connect(id, attachment, false)
    const before = await driver.observe()
    await driver.close()
    const next = again()
    await next.open()
    try {
      assert.deepEqual(await next.observe(), before)
      assert.deepEqual(await next.connect(id, attachment, false), connection)
      await next.disconnect(id, attachment)
      await next.removeSnapshot(snapshot, id)
      await next.remove(id)
      await next.remove(other)
      assert.deepEqual(await next.observe(), { volumes: [], snapshots: [], connected: [] })
    } finally {
      await next.close()
    }
  })

  check('many at once do not disturb each other', async ({ driver }) => {
    const ids = uuids(6)
    await Promise.all(ids.map((id) => driver.createEmpty(id, 1)))
    await Promise.all(ids.flatMap((id) => [driver.connect(id, id, false), driver.createSnapshot(randomUUID(), id)]))
    const seen = await driver.observe()
    assert.deepEqual(seen.connected, [...ids].sort())
    assert.equal(seen.snapshots.length, ids.length)
    await Promise.all(ids.flatMap((id) => [driver.disconnect(id, id), driver.extend(id, 2)]))
    for (const { id, volumeId } of seen.snapshots) await driver.removeSnapshot(id, volumeId)
    await Promise.all(ids.map((id) => driver.remove(id)))
    assert.deepEqual((await driver.observe()).volumes, [])
  })

  check('the pool has room', async ({ driver }) => {
    const { totalGiB, freeGiB } = await driver.capacity()
    assert.ok(totalGiB > 0 && freeGiB > 0 && freeGiB <= totalGiB)
  })

  check('a guest finds what it wrote; snapshots and copies hold one instant', async ({ driver, guest }, t) => {
    if (!guest) return t.skip('needs volumes that hold bytes')
    const [id, copy, clone, fromBoth, snapshot, later] = uuids(6)
    await driver.createEmpty(id, 1)
    const connection = await driver.connect(id, id, false)
    await guest.write(connection, 0, 1)
    await guest.write(connection, 900, 2)
    await driver.createSnapshot(snapshot, id)
    await guest.write(connection, 0, 3)
    await driver.createFromVolume(clone, 2, id)
    await driver.createSnapshot(later, id)
    await guest.write(connection, 0, 4)
    await driver.createFromSnapshot(copy, 1, { id: snapshot, volumeId: id })
    await driver.removeSnapshot(snapshot, id)
    await driver.createFromSnapshot(fromBoth, 1, { id: later, volumeId: id })
    await driver.removeSnapshot(later, id)
    for (const [volume, byte] of [
      [id, 4],
      [copy, 1],
      [clone, 3],
      [fromBoth, 3],
    ] as const) {
      const seen = await driver.connect(volume, volume, true)
      await guest.expect(seen, 0, byte)
      await guest.expect(seen, 900, 2)
      await guest.expect(seen, 500, 0)
    }
  })

  check('a connected volume grows, and its content stays', async ({ driver, guest }, t) => {
    if (!guest) return t.skip('needs volumes that hold bytes')
    const [id, attachment, snapshot] = uuids(3)
    await driver.createEmpty(id, 1)
    const connection = await driver.connect(id, attachment, false)
    await guest.write(connection, 7, 9)
    await driver.createSnapshot(snapshot, id)
    await driver.extend(id, 2)
    assert.equal(await guest.sizeGiB(connection), 2)
    await guest.expect(connection, 7, 9)
    await guest.write(connection, 2000, 8)
    await guest.expect(connection, 2000, 8)
  })

  check('nothing is left of volumes, snapshots and connections after removeAll', async ({ driver }) => {
    const [id, attachment, snapshot] = uuids(3)
    await driver.createEmpty(id, 1)
    await driver.createSnapshot(snapshot, id)
    await driver.connect(id, attachment, false)
    await driver.removeAll()
    await driver.open()
    assert.deepEqual(await driver.observe(), { volumes: [], snapshots: [], connected: [] })
  })

  check('a read-only connection refuses writes, and one that ended refuses all', async ({ driver, guest }, t) => {
    if (!guest) return t.skip('needs volumes that hold bytes')
    const [id, attachment] = uuids(2)
    await driver.createEmpty(id, 1)
    const connection = await driver.connect(id, attachment, true)
    await guest.expect(connection, 0, 0)
    await assert.rejects(guest.write(connection, 0, 1))
    const writable = await driver.connect(id, attachment, false)
    await guest.write(writable, 0, 1)
    await driver.disconnect(id, attachment)
    await assert.rejects(guest.expect(writable, 0, 1))
  })
}

/** Exactly as many as asked for, so that destructuring yields strings. */
function uuids<N extends number>(count: N): N extends 0 ? [] : [string, string, string, string, string, string] {
  return Array.from({ length: count }, () => randomUUID()) as never
}

async function beginning(driver: VolumeDriver, id: string, bytes: number): Promise<Buffer> {
  const { stream, sizeBytes } = await driver.read(id, 'raw')
  const pieces: Buffer[] = []
  let read = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    pieces.push(piece)
    read += piece.length
    if (read >= bytes) break
  }
  assert.ok(sizeBytes >= bytes)
  return Buffer.concat(pieces).subarray(0, bytes)
}
