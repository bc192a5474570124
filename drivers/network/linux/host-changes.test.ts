import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeExample } from '../../../kernel/network/driver.contract.ts'
import { contains, linkLocalOf, parsePrefix, reducedPrefixes } from './addresses.ts'
import { failingLine } from './commands.ts'
import { entryChanges, hostChanges } from './host-changes.ts'
import { namesFor } from './names.ts'
import { namespaceLines, standingFrom } from './namespace-changes.ts'
import type { ObservedHost } from './observed-host.ts'
import { wantedHost } from './wanted-host.ts'

const names = namesFor('cos')
const settings = { user: 1000, tunnelPort: 4789 }
const bare: ObservedHost = { links: new Map(), namespaces: new Set() }

test('names are ours or not, by themselves', () => {
  assert.equal(names.interfaceFor('p', '3a0c5a52-0d2b-4b7e-9a55-000000000003'), 'cosp3a0c5a520d2')
  assert.equal(names.kindOf('cosp3a0c5a520d2'), 'p')
  for (const foreign of ['cosmos0', 'cosp3a0c5a520d', 'eth0', 'cosq3a0c5a520d2', 'xcosp3a0c5a520d'])
    assert.equal(names.kindOf(foreign), undefined)
  assert.equal(names.interfaceFor('n', 'not a uuid').length, 15)
  assert.deepEqual(names.namespaceOf('cos-router-abc'), { kind: 'router', id: 'abc' })
  assert.throws(() => namesFor('Cloud OS'), /prefix/)
})

test('on a bare host everything is made, bridges before what is plugged into them', () => {
  const { make, fresh } = hostChanges(wantedHost(wholeExample(), names, 'tap'), bare, settings)
  assert.equal(fresh.size, 7)
  const at = (start: string) => make.findIndex((line) => line.startsWith(start))
  assert.ok(at('netns add cos-router-') < at('link add cosr'))
  assert.ok(at('link add cosn1f0c5a520d2') < at('tuntap add cosp3a0c5a520d2 mode tap user 1000'))
  assert.ok(make.includes('addr replace 198.18.77.1/24 dev cosx2f0c5a520d2'))
})

test('what stands as wanted is left alone; strays go, bridges last', () => {
  const empty = {
    links: new Map(),
    namespaces: new Map(),
    forwarding: new Set<string>(),
    neighbours: new Set<string>(),
  }
  const flags = ['UP']
  const found: ObservedHost = {
    namespaces: new Set(['cos-dhcp-old']),
    links: new Map([
      [
        'cosn00000000001',
        { ifindex: 1, ifname: 'cosn00000000001', flags, mtu: 1450, linkinfo: { info_kind: 'bridge' } },
      ],
      ['cosp00000000001', { ifindex: 2, ifname: 'cosp00000000001', flags, mtu: 1450, linkinfo: { info_kind: 'tun' } }],
    ]),
  }
  const changes = hostChanges(empty, found, settings)
  assert.deepEqual(changes.remove, ['cosp00000000001', 'cosn00000000001'])
  assert.deepEqual(changes.removedNamespaces, ['cos-dhcp-old'])
})

test('remote ports become forwarding and neighbour entries, only where there are tunnels', () => {
  const wanted = wholeExample()
  wanted.networks[0]!.remotePorts = [
    { mac: 'FA:16:3E:00:00:33', addresses: ['10.77.0.33'], tunnelAddress: '192.0.2.2' },
  ]
  assert.equal(wantedHost(wanted, names, 'tap').neighbours.size, 0)
  const host = wantedHost({ ...wanted, tunnelAddress: '192.0.2.1' }, names, 'tap')
  assert.deepEqual([...host.neighbours], ['10.77.0.33 lladdr fa:16:3e:00:00:33 dev cosn1f0c5a520d2'])
  assert.ok(host.forwarding.has('fa:16:3e:00:00:33 dev cosv1f0c5a520d2 dst 192.0.2.2 self static'))
  assert.ok(host.forwarding.has('00:00:00:00:00:00 dev cosv1f0c5a520d2 dst 192.0.2.2 self permanent'))
})

test('entries of interfaces that are gone are not deleted twice, those of fresh ones are set again', () => {
  const links = { wanted: (name: string) => name !== 'gone', fresh: new Set(['fresh']) }
  const before = new Set(['a dev gone x', 'b dev stays x', 'c dev fresh x'])
  assert.deepEqual(entryChanges(before, new Set(['c dev fresh x']), links), {
    removed: ['b dev stays x'],
    added: ['c dev fresh x'],
  })
})

test('inside a namespace only differences are done; a removed address sets the routes again', () => {
  const [, router] = [...wantedHost(wholeExample(), names, 'tap').namespaces.values()]
  assert.deepEqual(namespaceLines(standingFrom(router!), router!, new Set()), [])
  const wanted = wholeExample()
  wanted.routers[0]!.floatingIps = []
  const [, bare] = [...wantedHost(wanted, names, 'tap').namespaces.values()]
  assert.deepEqual(namespaceLines(standingFrom(router!), bare!, new Set()), [
    'addr del 198.18.77.20/32 dev gw9f0c5a520d2',
  ])
})

test('addresses', () => {
  assert.equal(linkLocalOf('fa:16:3e:00:00:11'), 'fe80:0000:0000:0000:f816:3eff:fe00:0011')
  assert.ok(contains(parsePrefix('10.0.0.0/8'), parsePrefix('10.1.2.3')))
  assert.ok(!contains(parsePrefix('::/0'), parsePrefix('10.1.2.3')))
  assert.deepEqual(reducedPrefixes(['10.0.0.5', '10.0.0.0/24', '10.0.1.1', '10.0.1.1', 'fd00::1'], 4), [
    '10.0.0.0/24',
    '10.0.1.1',
  ])
  assert.equal(parsePrefix('::ffff:10.0.0.1').first, 0xffff0a000001n)
  for (const wrong of ['10.0.0', '10.0.0.256', '10.0.0.0/33', 'fd00::1::2', 'fd00::/129', '', '1:2:3:4:5:6:7'])
    assert.throws(() => parsePrefix(wrong))
})

test('a tool that failed is quoted with its line', () => {
  assert.equal(failingLine('Command failed -:2', 'link add a\nlink add b\n'), 'link add b')
  assert.equal(failingLine('/dev/stdin:1:5-9: Error: syntax error', 'add foo\n'), 'add foo')
})
