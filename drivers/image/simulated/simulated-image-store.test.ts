// The contract, and what only the twin has: its bound and its ordered failures.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { imageStoreContract } from '../../../kernel/image/driver.contract.ts'
import { type SimulatedImageState, SimulatedImageStore } from './simulated-image-store.ts'

imageStoreContract('simulated image store', async () => {
  const state: SimulatedImageState = new Map()
  return { store: new SimulatedImageStore({ state }), again: () => new SimulatedImageStore({ state }) }
})

test('the bound counts everything, and a refused image gives its share back', async () => {
  const store = new SimulatedImageStore({ maxBytes: 1000 })
  await store.put('one', Readable.from([Buffer.alloc(600)]))
  await assert.rejects(store.put('two', Readable.from([Buffer.alloc(300), Buffer.alloc(300)])), /maxBytes/)
  await store.put('three', Readable.from([Buffer.alloc(400)]))
  await store.remove('one')
  await store.put('four', Readable.from([Buffer.alloc(600)]))
  assert.deepEqual(await store.list(), ['four', 'three'])
})

test('an ordered failure comes once', async () => {
  const store = new SimulatedImageStore()
  store.failNext('put', new Error('disk on fire'))
  await assert.rejects(store.put('one', Readable.from([])), /on fire/)
  await store.put('one', Readable.from([]))
})
