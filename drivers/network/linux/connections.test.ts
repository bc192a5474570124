import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeExample } from '../../../kernel/network/driver.contract.ts'
import type { Connection } from './connection-table.ts'
import { judgeConnections, refusedBit } from './connections.ts'

const connection = (more: Partial<Connection>): Connection => ({
  zone: 5,
  version: 4,
  protocol: 6,
  source: '192.0.2.9',
  destination: '10.77.0.11',
  sourcePort: 40_000,
  destinationPort: 22,
  icmp: null,
  mark: 0,
  replyDestination: '192.0.2.9',
  key: Buffer.alloc(0),
  ...more,
})
const judge = (one: Connection, gone: string[] = [], wanted = wholeExample()) =>
  judgeConnections([one], wanted, (network) => (network.startsWith('1f') ? 5 : 0), new Set(gone))[0]?.change

test('what a rule allows stays, what none allows is refused', () => {
  assert.equal(judge(connection({})), undefined)
  assert.equal(judge(connection({ destinationPort: 23 })), 'refuse')
  assert.equal(judge(connection({ source: '10.77.0.12', destinationPort: 23 })), undefined)
})

test('a refused connection is allowed again when a rule allows it', () => {
  assert.equal(judge(connection({ mark: refusedBit })), 'allow')
  assert.equal(judge(connection({ mark: refusedBit, destinationPort: 23 })), undefined)
})

test('answers need no rule of their own: only the first packet decides', () => {
  assert.equal(judge(connection({ source: '10.77.0.11', destination: '192.0.2.9', destinationPort: 443 })), undefined)
})

test('other zones, other addresses and free ports are left alone', () => {
  assert.equal(judge(connection({ zone: 6, destinationPort: 23 })), undefined)
  assert.equal(judge(connection({ destination: '10.77.0.200', destinationPort: 23 })), undefined)
  const wanted = wholeExample()
  wanted.ports[0]!.portSecurity = false
  assert.equal(judge(connection({ destinationPort: 23 }), [], wanted), undefined)
})

test('an allowed pair is judged like the port, DHCP is always allowed, who left is forgotten', () => {
  const pair = connection({ destination: '10.77.0.130', destinationPort: 23 })
  assert.equal(judge(pair), 'refuse')
  const lease = connection({ protocol: 17, source: '10.77.0.2', sourcePort: 67, destinationPort: 68 })
  assert.equal(judge(lease), undefined)
  assert.equal(judge(connection({}), ['5 10.77.0.11']), 'forget')
})
