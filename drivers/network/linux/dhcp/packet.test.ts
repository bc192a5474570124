import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeExample } from '../../../../kernel/network/driver.contract.ts'
import { answerDhcp, destinationOf, leasesOf } from './answer.ts'
import type { DhcpMessage } from './packet.ts'
import { addressBytes, decodeDhcp, encodeClasslessRoutes, encodeDhcp, messageType, option } from './packet.ts'

const { networks, ports } = wholeExample()
const leases = leasesOf(networks[0]!, ports)

const request = (type: number, more: Partial<DhcpMessage> = {}, options: [number, Buffer][] = []): DhcpMessage => ({
  op: 1,
  transactionId: 0xdeadbeef,
  broadcast: false,
  clientAddress: '0.0.0.0',
  yourAddress: '0.0.0.0',
  serverAddress: '0.0.0.0',
  relayAddress: '0.0.0.0',
  mac: 'fa:16:3e:00:00:11',
  options: new Map([[option.messageType, Buffer.from([type])], ...options]),
  ...more,
})
const typeOf = (message: DhcpMessage | undefined) => message?.options.get(option.messageType)?.[0]

test('a message survives being written and read, long options included', () => {
  const message = request(messageType.discover, {}, [[option.hostname, Buffer.alloc(300, 'x')]])
  assert.deepEqual(decodeDhcp(encodeDhcp(message)), message)
})

test('what is no DHCP message is not read', () => {
  assert.equal(decodeDhcp(Buffer.alloc(20)), undefined)
  assert.equal(decodeDhcp(Buffer.alloc(400)), undefined)
  const cut = encodeDhcp(request(messageType.discover))
  cut.set([12, 200], 300 - 2)
  assert.equal(decodeDhcp(Buffer.concat([cut.subarray(0, 240), Buffer.from([12, 200, 1])])), undefined)
})

test('classless routes are packed as RFC 3442 shows', () => {
  const routes = [
    { destination: '10.17.0.0/16', nexthop: '10.0.0.1' },
    { destination: '0.0.0.0/0', nexthop: '10.0.0.2' },
    { destination: '169.254.169.254/32', nexthop: '10.0.0.3' },
  ]
  const expected = [16, 10, 17, 10, 0, 0, 1, 0, 10, 0, 0, 2, 32, 169, 254, 169, 254, 10, 0, 0, 3]
  assert.deepEqual([...encodeClasslessRoutes(routes)], expected)
})

test('a known MAC is offered its own address with all that belongs to it', () => {
  const offer = answerDhcp(request(messageType.discover), leases)
  assert.equal(typeOf(offer), messageType.offer)
  assert.equal(offer?.yourAddress, '10.77.0.11')
  const text = (code: number) => offer?.options.get(code)?.join('.')
  assert.equal(text(option.subnetMask), '255.255.255.0')
  assert.equal(text(option.broadcastAddress), '10.77.0.255')
  assert.equal(text(option.router), '10.77.0.1')
  assert.equal(text(option.dns), '9.9.9.9')
  assert.equal(text(option.server), '10.77.0.2')
  assert.equal(text(option.mtu), '5.170')
  assert.equal(
    text(option.classlessRoutes)?.startsWith('16.10.78.10.77.0.7.32.169.254.169.254.10.77.0.2.0.10.77.0.1'),
    true,
  )
  assert.equal(offer?.options.get(option.leaseSeconds)?.readUInt32BE(), 86_400)
})

test('requests are confirmed, refused or ignored', () => {
  const wish = (address: string, server = '10.77.0.2'): [number, Buffer][] => [
    [option.requestedAddress, addressBytes(address)],
    [option.server, addressBytes(server)],
  ]
  assert.equal(typeOf(answerDhcp(request(messageType.request, {}, wish('10.77.0.11')), leases)), messageType.ack)
  assert.equal(typeOf(answerDhcp(request(messageType.request, {}, wish('10.77.0.50')), leases)), messageType.nak)
  assert.equal(answerDhcp(request(messageType.request, {}, wish('10.77.0.11', '10.77.0.9')), leases), undefined)
  assert.equal(answerDhcp(request(messageType.discover, { mac: 'fa:16:3e:ff:ff:ff' }), leases), undefined)
  assert.equal(answerDhcp(request(messageType.release), leases), undefined)
  const renewal = request(messageType.request, { clientAddress: '10.77.0.11' })
  const answer = answerDhcp(renewal, leases)
  assert.equal(typeOf(answer), messageType.ack)
  assert.equal(destinationOf(renewal, answer!), '10.77.0.11')
})

test('a port that is down gets nothing', () => {
  assert.equal(leasesOf(networks[0]!, [{ ...ports[0]!, adminUp: false }]).size, 0)
})
