import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runNetworkDriverContract, wholeExample } from '../../../kernel/network/driver.contract.ts'
import type { SimulatedNetworkHost } from './driver.ts'
import { SimulatedNetworkDriver } from './driver.ts'

const hosts = new Map<number, SimulatedNetworkHost>()
runNetworkDriverContract('simulated', (host) => {
  const state = hosts.get(host) ?? { stands: null }
  hosts.set(host, state)
  return new SimulatedNetworkDriver({}, state)
})

test('a failure that was ordered happens once and changes nothing', async () => {
  const driver = new SimulatedNetworkDriver()
  await driver.open(async () => ({ status: 200, headers: {}, body: 'hello' }))
  driver.failNext('apply', new Error('no bridge today'))
  await assert.rejects(driver.apply(wholeExample()), /no bridge today/)
  assert.equal(driver.stands, null)
  await driver.apply(wholeExample())
  assert.deepEqual(driver.stands, wholeExample())
  const reply = await driver.request({ sourceAddress: '10.0.0.1', method: 'GET', path: '/', headers: {} })
  assert.equal(reply.body, 'hello')
})
