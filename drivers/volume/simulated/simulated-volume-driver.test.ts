// The contract, and what only the twin has: delays and ordered failures.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { volumeDriverContract } from '../../../kernel/volume/driver.contract.ts'
import { SimulatedVolumeDriver, type SimulatedVolumeState } from './simulated-volume-driver.ts'

const id = '00000000-0000-4000-8000-000000000001'

volumeDriverContract('simulated volume driver', async () => {
  const state: SimulatedVolumeState = new Map()
  return { driver: new SimulatedVolumeDriver({ state }), again: () => new SimulatedVolumeDriver({ state }) }
})

test('an ordered failure comes once and changes nothing', async () => {
  const driver = new SimulatedVolumeDriver({ totalGiB: 50 })
  driver.failNext('createEmpty', new Error('disk on fire'))
  await assert.rejects(driver.createEmpty(id, 1), /on fire/)
  assert.deepEqual((await driver.observe()).volumes, [])
  await driver.createEmpty(id, 1)
  assert.equal((await driver.capacity()).totalGiB, 50)
})

test('a delay holds every call back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const driver = new SimulatedVolumeDriver({ delayMs: 1000 })
  let isDone = false
  const call = driver.createEmpty(id, 1).then(() => {
    isDone = true
  })
  await Promise.resolve()
  assert.equal(isDone, false)
  t.mock.timers.tick(1000)
  await call
})
