import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lane, Lanes } from './lane.ts'

test('a lane keeps the order, and a failure stops nobody else', async () => {
  const lane = new Lane()
  const done: number[] = []
  const gate = Promise.withResolvers<void>()
  const first = lane.run(async () => {
    await gate.promise
    done.push(1)
    throw new Error('only mine')
  })
  const second = lane.run(async () => done.push(2))
  gate.resolve()
  await assert.rejects(first, /only mine/)
  await second
  assert.deepEqual(done, [1, 2])
  assert.equal(lane.isIdle, true)
})

test('lanes of different names do not wait for each other', async () => {
  const lanes = new Lanes()
  const gate = Promise.withResolvers<void>()
  const done: string[] = []
  const slow = lanes.run('a', () => gate.promise.then(() => done.push('a1')))
  const behind = lanes.run('a', async () => done.push('a2'))
  await lanes.run('b', async () => done.push('b'))
  gate.resolve()
  await Promise.all([slow, behind])
  await lanes.run('a', async () => done.push('a3'))
  assert.deepEqual(done, ['b', 'a1', 'a2', 'a3'])
})
