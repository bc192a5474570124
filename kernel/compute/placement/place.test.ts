// Placement is pure, so every filter is tried on a table of hosts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Candidate, explain, place, type Wish } from './place.ts'

const host = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  name,
  zone: 'nova',
  capacity: { vcpus: 16, memoryMiB: 8192, diskGiB: 100 },
  used: { vcpus: 0, memoryMiB: 0, diskGiB: 0 },
  isUp: true,
  ...more,
})
const small: Wish = { vcpus: 1, memoryMiB: 512, diskGiB: 1 }
const full = { vcpus: 16, memoryMiB: 8000, diskGiB: 100 }

for (const [says, candidate, wish, filter] of [
  ['a host that is down', host('a', { isUp: false }), small, 'up'],
  ['a disabled host', host('a', { disabled: 'repair' }), small, 'enabled'],
  ['another host than the one asked for', host('a'), { ...small, host: 'b' }, 'host'],
  ['another zone', host('a'), { ...small, zone: 'west' }, 'zone'],
  ['not the same host', host('a'), { ...small, sameHosts: ['b'] }, 'same_host'],
  ['not a different host', host('a'), { ...small, differentHosts: ['a'] }, 'different_host'],
  ['no processor free', host('a', { used: full }), small, 'vcpus'],
  ['no memory free', host('a', { used: { ...full, vcpus: 0 } }), small, 'memory'],
  ['no disk free', host('a', { used: { ...full, vcpus: 0, memoryMiB: 0 } }), small, 'disk'],
  [
    'a member of the anti-affinity group',
    host('a'),
    { ...small, group: { policy: 'anti-affinity', maxPerHost: 1, members: new Map([['a', 1]]) } },
    'group',
  ],
  [
    'no member of the affinity group',
    host('a'),
    { ...small, group: { policy: 'affinity', maxPerHost: 1, members: new Map([['b', 1]]) } },
    'group',
  ],
] as [string, Candidate, Wish, string][])
  test(`rejected: ${says}`, () => {
    const { host: chosen, rejections } = place([candidate], wish)
    assert.equal(chosen, undefined)
    assert.equal(rejections[0]!.filter, filter)
    assert.match(explain(rejections), new RegExp(`${filter} rejected 1`))
  })

test('the host with the most free memory is taken, soft policies count more', () => {
  const busy = host('busy', { used: { vcpus: 1, memoryMiB: 4096, diskGiB: 1 } })
  assert.equal(place([busy, host('idle')], small).host, 'idle')
  const members = new Map([['busy', 1]])
  const group = (policy: 'soft-affinity' | 'soft-anti-affinity') => ({ policy, maxPerHost: 1, members })
  assert.equal(place([busy, host('idle')], { ...small, group: group('soft-affinity') }).host, 'busy')
  assert.equal(place([busy, host('idle')], { ...small, group: group('soft-anti-affinity') }).host, 'idle')
})

test('the nearest miss is named', () => {
  const near = host('near', { used: { vcpus: 0, memoryMiB: 7900, diskGiB: 0 } })
  const far = host('far', { used: { vcpus: 0, memoryMiB: 8190, diskGiB: 0 } })
  assert.match(explain(place([far, near], small).rejections), /Nearest miss: near/)
})
