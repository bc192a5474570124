import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeExample } from '../../../kernel/network/driver.contract.ts'
import { renderRule } from './group-rules.ts'
import { assignZones, bridgeTable, inetTable } from './host-tables.ts'
import { namesFor } from './names.ts'
import { changeScript, replaceScript } from './nft-table.ts'

const names = namesFor('cos')
const group = '5f0c5a52_0d2b_4b7e_9a55_000000000005'

test('the same wish is no change', () => {
  assert.equal(changeScript(bridgeTable(wholeExample(), names), bridgeTable(wholeExample(), names)), '')
})

test('one more rule rewrites one chain and nothing else', () => {
  const after = wholeExample()
  const [first] = after.securityGroups[0]!.rules
  after.securityGroups[0]!.rules.push({ ...first!, direction: 'ingress', protocol: 'udp', portMin: 53, portMax: 60 })
  const lines = changeScript(bridgeTable(wholeExample(), names), bridgeTable(after, names)).trim().split('\n')
  assert.equal(lines[0], `flush chain bridge cos in_${group}`)
  assert.ok(lines.every((line) => line.includes(`in_${group}`)))
  assert.ok(lines.includes(`add rule bridge cos in_${group} ether type ip meta l4proto 17 th dport 53-60 accept`))
})

test('a member that leaves is one element', () => {
  const after = wholeExample()
  after.securityGroups[0]!.members = ['10.77.0.11', 'fd77::11', 'fd77::12']
  const script = changeScript(bridgeTable(wholeExample(), names), bridgeTable(after, names))
  assert.equal(script, `delete element bridge cos members4_${group} { 10.77.0.12 }\n`)
})

test('a member that is a range makes another kind of set, and the rules follow in the same transaction', () => {
  const after = wholeExample()
  after.securityGroups[0]!.members.push('10.77.0.128/26')
  const script = changeScript(bridgeTable(wholeExample(), names), bridgeTable(after, names))
  assert.match(script, /add set bridge cos ranges4_\S+ \{ type ipv4_addr ; flags interval ; \}/)
  assert.match(script, /delete set bridge cos members4_/)
  assert.match(script, /ip saddr @ranges4_/)
})

test('a port that goes leaves no chain, and its elements go before its chains', () => {
  const after = wholeExample()
  after.ports.pop()
  const lines = changeScript(bridgeTable(wholeExample(), names), bridgeTable(after, names)).trim().split('\n')
  const port = names.interfaceFor('p', wholeExample().ports[1]!.id)
  const lastElement = lines.findLastIndex((line) => line.startsWith('delete element'))
  const firstChain = lines.findIndex((line) => line.startsWith('delete chain'))
  assert.ok(lastElement >= 0 && lastElement < firstChain)
  for (const chain of ['guard', 'from', 'to', 'advertised'])
    assert.ok(lines.includes(`delete chain bridge cos ${chain}_${port}`))
})

test('the guard lets a port speak only as itself', () => {
  const table = bridgeTable(wholeExample(), names)
  const port = names.interfaceFor('p', wholeExample().ports[0]!.id)
  const rules = table.chains.get(`guard_${port}`)!.rules
  assert.equal(rules[0], 'ether saddr != { fa:16:3e:00:00:11, 00:00:5e:00:01:01 } drop')
  assert.equal(rules.at(-1), 'drop')
  assert.ok(rules.includes('ether saddr fa:16:3e:00:00:11 ip saddr { 10.77.0.11, 10.77.0.128/26 } accept'))
  assert.ok(rules.includes('ether saddr 00:00:5e:00:01:01 ip saddr { 10.77.0.99 } accept'))
  assert.deepEqual(table.chains.get(`advertised_${port}`)!.rules.slice(0, 2), [
    'ether saddr fa:16:3e:00:00:11 @th,64,128 0xfd770000000000000000000000000011 return',
    'ether saddr fa:16:3e:00:00:11 @th,64,128 0xfe80000000000000f8163efffe000011 return',
  ])
})

test('DHCP and metadata stay off the tunnels', () => {
  const script = replaceScript(bridgeTable({ ...wholeExample(), tunnelAddress: '192.0.2.1' }, names))
  assert.match(script, /add element bridge cos service_addresses \{ "cosv1f0c5a520d2" \. 169\.254\.169\.254, /)
  assert.doesNotMatch(replaceScript(bridgeTable(wholeExample(), names)), /service_addresses/)
})

test('rules become statements', () => {
  const rule = { direction: 'ingress', ethertype: 'IPv4', protocol: null, portMin: null, portMax: null } as const
  const anywhere = { remoteCidr: null, remoteGroupId: null }
  const render = (more: object) => renderRule({ ...rule, ...anywhere, ...more }, new Map())
  assert.equal(render({}), 'ether type ip accept')
  assert.equal(render({ remoteCidr: '0.0.0.0/0' }), 'ether type ip accept')
  assert.equal(render({ direction: 'egress', remoteCidr: '10.1.2.3/8' }), 'ether type ip ip daddr 10.0.0.0/8 accept')
  assert.equal(
    render({ protocol: 'tcp', portMin: 22, portMax: null }),
    'ether type ip meta l4proto 6 th dport 22 accept',
  )
  assert.equal(render({ protocol: 'icmp', portMin: 8, portMax: 0 }), 'ether type ip icmp type 8 icmp code 0 accept')
  assert.equal(render({ ethertype: 'IPv6', protocol: 'icmp' }), 'ether type ip6 meta l4proto 58 accept')
  assert.equal(render({ protocol: '47' }), 'ether type ip meta l4proto 47 accept')
  assert.throws(() => render({ protocol: 'carrier-pigeon' }), /not known/)
  assert.throws(() => render({ remoteCidr: 'fd00::/8' }), /family/)
  assert.throws(() => render({ remoteGroupId: 'nobody' }), /not among/)
})

test('a bridge keeps its zone, others get free ones', () => {
  const standing = new Map([['cosn00000000001', 7]])
  const zones = assignZones(['cosn00000000001', 'cosn00000000006', 'cosn0000000000b'], standing)
  assert.equal(zones.get('cosn00000000001'), 7)
  assert.equal(zones.get('cosn00000000006'), 8)
  assert.equal(new Set(zones.values()).size, 3)
  const inet = inetTable(wholeExample(), names, assignZones(['cosn1f0c5a520d2'], new Map()))
  assert.match(inet.chains.get('leave')!.rules[0]!, /^ip saddr 198\.18\.77\.0\/24 oifname != .* masquerade$/)
})
