// Addresses under random taking and freeing: never twice, never outside the pools, and none left out while any is free.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Subnet } from '../subnets/subnet.ts'
import { networkTestCloud } from '../testing.ts'
import { releaseAddresses, takeNextAddress } from './allocate.ts'
import { contains, eui64, formatAddress, formatCidr, parseAddress, parseCidr } from './ip.ts'

/** Repeatable numbers of 0 to below 1. */
function numbers(seed: number) {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return state / 4294967296
  }
}

const pools = [
  { start: '10.0.0.3', end: '10.0.0.20' },
  { start: '10.0.0.100', end: '10.0.0.131' },
]
const size = 18 + 32
const subnet = { id: 's', networkId: 'n', ipVersion: 4, allocationPools: pools } as unknown as Subnet
const blocks = [parseCidr('10.0.0.3/32')!, parseCidr('10.0.0.20/32')!]
const isInPools = (address: string) => {
  const { value } = parseAddress(address)!
  return (
    (value >= blocks[0]!.first && value <= blocks[1]!.first) ||
    (value >= parseAddress('10.0.0.100')!.value && value <= parseAddress('10.0.0.131')!.value)
  )
}

for (const seed of [1, 2, 3])
  test(`addresses are handed out once each (seed ${seed})`, async (t) => {
    const cloud = await networkTestCloud()
    t.after(() => cloud.close())
    const call = cloud.assembly.cloudCall('network')
    const random = numbers(seed)
    const held = new Map<string, string>()
    for (let round = 0; round < 40; round++) {
      await call.transaction(async (tx) => {
        for (let turn = 0; turn < 10; turn++) {
          const isTaking = random() < 0.65
          if (isTaking) {
            const portId = `p${round}-${turn}`
            const address = await takeNextAddress(tx, subnet, portId)
            if (address === undefined) assert.equal(held.size, size, 'refused while addresses were free')
            else {
              assert.ok(isInPools(address), address)
              assert.ok(![...held.values()].includes(address), `${address} twice`)
              held.set(portId, address)
            }
          } else if (held.size > 0) {
            const portId = [...held.keys()][Math.floor(random() * held.size)]!
            await releaseAddresses(tx, portId)
            held.delete(portId)
          }
        }
      })
    }
  })

for (const [text, canonical] of [
  ['::', '::'],
  ['::1', '::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['10.0.0.1', '10.0.0.1'],
])
  test(`${text} is written ${canonical}`, () => assert.equal(formatAddress(parseAddress(text!)!), canonical))

test('blocks know what they hold', () => {
  const block = parseCidr('fd00::/64')!
  assert.equal(formatCidr(block), 'fd00::/64')
  assert.ok(contains(block, eui64(block, 'fa:16:3e:00:00:01')))
  assert.equal(formatAddress(eui64(block, 'fa:16:3e:00:00:01')), 'fd00::f816:3eff:fe00:1')
  for (const wrong of ['10.0.0.0/33', 'fe80::1%eth0/64', '10.0.0/24', '256', 'x/1', '10.0.0.0/24/1'])
    assert.equal(parseCidr(wrong), undefined, wrong)
})
