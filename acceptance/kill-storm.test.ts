// A short storm on simulated hosts: eight kills under load, and every promise kept. The long one is `kill-storm.ts`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storm } from './storm/storm.ts'

test('a cloud that is killed under load keeps its promises', async () => {
  const { kills, acknowledged, violations } = await storm({
    kills: 8,
    seed: 7,
    clients: 4,
    checkEvery: 8,
    isReal: false,
    isSplit: true,
    prefix: 'kst',
    publicCidr: '172.24.99.0/24',
    delayMs: 20,
    pauseMs: 1200,
    say: () => {},
  })
  assert.deepEqual(violations, [])
  assert.equal(kills, 8)
  assert.ok(acknowledged > 20, `${acknowledged} writes were acknowledged`)
})
