// Real packets: guests in namespaces on a host that is a namespace too, so that nothing outside is ever touched.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type {
  HostNetworks,
  MetadataRequest,
  WantedNetwork,
  WantedPort,
  WantedRule,
} from '../../../kernel/network/driver.ts'
import { run } from './commands.ts'
import { messageType, option } from './dhcp/packet.ts'
import { requestLease } from './dhcp/testing.ts'
import { LinuxNetworkDriver } from './driver.ts'
import { openTcp } from './namespaces.ts'
import { probeHost } from './probe.ts'
import { applyInChild, connects, listening, liveInNamespace, patient, TestGuest } from './testing.ts'
import { guestEndOf } from './wanted-host.ts'

const prefix = `p${(process.pid % 1290).toString(36)}`.padEnd(3, '0')
const outside = `${prefix}-test-outside`
const rule: WantedRule = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  portMin: null,
  portMax: null,
  remoteCidr: null,
  remoteGroupId: null,
}
const egress: WantedRule[] = [
  { ...rule, direction: 'egress' },
  { ...rule, direction: 'egress', ethertype: 'IPv6' },
]
const allowTcp = (port: number): WantedRule => ({ ...rule, protocol: 'tcp', portMin: port, portMax: port })

test('real packets', async (t) => {
  const { missing } = await probeHost(`${prefix}trial`)
  if (missing.length > 0) return t.skip(`needs ${missing.join('; ')}`)
  const leave = liveInNamespace(`${prefix}-test-host`)
  const asked: MetadataRequest[] = []
  const make = async () => {
    const driver = new LinuxNetworkDriver({ prefix, portKind: 'veth' })
    await driver.open(async (request) => {
      asked.push(request)
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: `for ${request.sourceAddress}` }
    })
    return driver
  }
  let driver = await make()
  const guests: TestGuest[] = []
  const closers: (() => void)[] = []
  try {
    // As on a host where br_netfilter is off but for our own bridges.
    for (const name of ['iptables', 'ip6tables', 'arptables'])
      writeFileSync(`/proc/sys/net/bridge/bridge-nf-call-${name}`, '0')
    // A new namespace begins with the host's value, which another cloud on it may have set.
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '0')
    await run('ip', ['link', 'set', 'lo', 'up'])
    await plugOutside()
    const wanted = world()
    await driver.apply(wanted)
    const plug = async (port: WantedPort, cidrs: string[], gateways: string[]) => {
      const vif = driver.vif(port.id)
      assert.ok(vif.kind === 'tap')
      const guest = await TestGuest.plug(`${prefix}-test-${port.hostname}`, guestEndOf(vif.interface), cidrs, gateways)
      guests.push(guest)
      return guest
    }
    const [portA, portB, portC, portD] = wanted.ports as [WantedPort, WantedPort, WantedPort, WantedPort]
    const a = await plug(portA, [], [])
    const b = await plug(portB, ['10.80.0.12/24', 'fd80::12/64'], ['10.80.0.1', 'fd80::1'])
    const c = await plug(portC, ['10.81.0.13/24', 'fd81::13/64'], ['10.81.0.1', 'fd81::1'])
    const d = await plug(portD, ['10.80.0.12/24'], [])

    await t.test('DHCP gives the reserved lease, with routes and MTU', async () => {
      const lease = await requestLease(a.namespace, portA.mac)
      assert.equal(lease?.yourAddress, '10.80.0.11')
      assert.equal(lease.options.get(option.messageType)?.[0], messageType.ack)
      assert.equal(lease.options.get(option.mtu)?.readUInt16BE(), 1450)
      assert.equal(lease.options.get(option.router)?.join('.'), '10.80.0.1')
      assert.equal(lease.options.get(option.hostname)?.toString(), 'a')
      assert.equal(await requestLease(b.namespace, 'fa:16:3e:99:99:99', 700), null)
      await a.ip('addr', 'add', '10.80.0.11/24', 'dev', 'eth0')
      await a.ip('addr', 'add', 'fd80::11/64', 'dev', 'eth0', 'nodad')
      await a.ip('route', 'add', 'default', 'via', '10.80.0.1')
      await a.ip('route', 'add', '169.254.169.254/32', 'via', '10.80.0.2')
      await a.ip('-6', 'route', 'add', 'default', 'via', 'fd80::1')
    })

    await t.test('metadata is answered with the asker known, by network and by router', async () => {
      assert.match(await a.talk('169.254.169.254', 80, 'GET /latest HTTP/1.0\\r\\n\\r\\n'), /for 10\.80\.0\.11/)
      assert.match(await c.talk('169.254.169.254', 80, 'GET /latest HTTP/1.0\\r\\n\\r\\n'), /for 10\.81\.0\.13/)
      assert.deepEqual(
        asked.map(({ networkId, routerId, sourceAddress, path }) => ({ networkId, routerId, sourceAddress, path })),
        [
          { networkId: 'net-1', routerId: undefined, sourceAddress: '10.80.0.11', path: '/latest' },
          { networkId: undefined, routerId: 'router-1', sourceAddress: '10.81.0.13', path: '/latest' },
        ],
      )
    })

    const closeAll = async (...servers: Promise<{ close(): void }>[]) => {
      for (const server of await Promise.all(servers)) closers.push(() => server.close())
    }
    await closeAll(a.listen(22), a.listen(80), c.listen(22))

    await t.test('ingress is closed by default, opened by a rule, and a removed rule stops what stands', async () => {
      assert.equal(await b.pings('10.80.0.11'), false)
      assert.equal(await b.connects('10.80.0.11', 22), false)
      wanted.securityGroups[0]!.rules.push(allowTcp(22))
      await driver.apply(wanted)
      assert.equal(await b.connects('10.80.0.11', 22, patient), true)
      assert.equal(await b.connects('10.80.0.11', 80), false)
      const connection = b.openConnection('10.80.0.11', 22)
      closers.push(connection.close)
      assert.equal(await connection.echoes(patient), true)
      wanted.securityGroups[0]!.rules.pop()
      await driver.apply(wanted)
      assert.equal(await connection.echoes(), false)
      assert.equal(await connection.echoes(), false)
      wanted.securityGroups[0]!.rules.push(allowTcp(22))
      await driver.apply(wanted)
      assert.equal(await b.connects('10.80.0.11', 22, patient), true)
    })

    await t.test('a remote group lets its members in, and only as long as they are members', async () => {
      wanted.securityGroups[0]!.rules.push({ ...allowTcp(80), remoteGroupId: 'group-b' })
      await driver.apply(wanted)
      assert.equal(await b.connects('10.80.0.11', 80, patient), true)
      const connection = b.openConnection('10.80.0.11', 80)
      closers.push(connection.close)
      assert.equal(await connection.echoes(patient), true)
      wanted.securityGroups[1]!.members = []
      await driver.apply(wanted)
      assert.equal(await connection.echoes(), false)
      assert.equal(await b.connects('10.80.0.11', 80), false)
    })

    await t.test('nobody speaks under another address', async () => {
      await b.ip('addr', 'add', '10.80.0.99/24', 'dev', 'eth0')
      await b.ip('addr', 'add', 'fd80::99/64', 'dev', 'eth0', 'nodad')
      wanted.securityGroups[0]!.rules.push(
        { ...rule, protocol: 'icmp' },
        { ...rule, ethertype: 'IPv6', protocol: 'icmp' },
      )
      await driver.apply(wanted)
      const from = (source: string, target: string, patience?: number) => b.pings(target, patience, source)
      assert.equal(await from('10.80.0.12', '10.80.0.11', patient), true)
      assert.equal(await from('10.80.0.99', '10.80.0.11'), false)
      assert.equal(await from('fd80::12', 'fd80::11', patient), true)
      assert.equal(await from('fd80::99', 'fd80::11'), false)
      portB.allowedPairs = [{ address: '10.80.0.96/29' }]
      await driver.apply(wanted)
      assert.equal(await from('10.80.0.99', '10.80.0.11', patient), true)
      portB.allowedPairs = []
      await driver.apply(wanted)
      await b.ip('link', 'set', 'eth0', 'address', 'fa:16:3e:00:00:66')
      assert.equal(await from('10.80.0.12', '10.80.0.11'), false)
      await b.ip('link', 'set', 'eth0', 'address', portB.mac)
      assert.equal(await from('10.80.0.12', '10.80.0.11', patient), true)
    })

    await t.test('networks with the same addresses are worlds apart, and the host is not in them', async () => {
      assert.equal(await d.pings('10.80.0.11'), false)
      assert.equal(await d.pings('10.80.0.1'), false)
      await d.ip('route', 'add', '198.18.80.1/32', 'dev', 'eth0')
      assert.equal(await d.pings('198.18.80.1'), false)
    })

    await t.test('a port that is down is silent; one without port security is free', async () => {
      portB.adminUp = false
      await driver.apply(wanted)
      assert.equal(await b.pings('10.80.0.11'), false)
      Object.assign(portB, { adminUp: true, portSecurity: false, securityGroups: [] })
      await driver.apply(wanted)
      assert.equal(await b.pings('10.80.0.11', patient, '10.80.0.99'), true)
      Object.assign(portB, { portSecurity: true, securityGroups: ['group-b'] })
      await driver.apply(wanted)
      assert.equal(await b.pings('10.80.0.11', patient), true)
    })

    await t.test('a router joins two subnets in both families', async () => {
      assert.equal(await c.pings('10.80.0.11', patient), true)
      assert.equal(await c.pings('fd80::11', patient), true)
      wanted.routers[0]!.adminUp = false
      await driver.apply(wanted)
      assert.equal(await c.pings('10.80.0.11'), false)
      wanted.routers[0]!.adminUp = true
      await driver.apply(wanted)
    })

    await t.test('guests reach out under the gateway address, the world sees the host', async () => {
      const atHost = await listening(openTcp(`${prefix}-test-host`, '198.18.80.1', 8080))
      const beyond = await listening(openTcp(outside, '203.0.113.2', 8080))
      closers.push(atHost.close, beyond.close)
      assert.equal(await b.connects('198.18.80.1', 8080, patient), true)
      assert.equal(await a.connects('198.18.80.1', 8080, patient), true)
      assert.deepEqual(atHost.peers, ['198.18.80.10', '198.18.80.20'])
      assert.equal(await b.connects('203.0.113.2', 8080, patient), true)
      assert.deepEqual(beyond.peers, ['203.0.113.1'])
    })

    await t.test('a floating address is reached from the host, from neighbours and from its own guest', async () => {
      assert.equal(await connects('198.18.80.20', 22, null, patient), true)
      assert.equal(await b.connects('198.18.80.20', 22, patient), true)
      assert.equal(await a.connects('198.18.80.20', 22, patient), true)
      assert.equal(await c.connects('198.18.80.20', 22, patient), true)
      const moved = structuredClone(wanted)
      moved.routers[0]!.floatingIps = []
      await driver.apply(moved)
      assert.equal(await connects('198.18.80.20', 22, null), false)
      await driver.apply(wanted)
      assert.equal(await connects('198.18.80.20', 22, null, patient), true)
    })

    await t.test('killing the process and starting anew disturbs no connection', async () => {
      await driver.close()
      const { kill } = await applyInChild(prefix, wanted, null)
      const [near, far] = [b.openConnection('10.80.0.11', 22), c.openConnection('198.18.80.20', 22)]
      closers.push(near.close, far.close)
      const bothEcho = async () =>
        assert.deepEqual([await near.echoes(patient), await far.echoes(patient)], [true, true])
      await bothEcho()
      await kill()
      await bothEcho()
      driver = await make()
      await driver.apply(wanted)
      await bothEcho()
      assert.equal((await requestLease(a.namespace, portA.mac))?.yourAddress, '10.80.0.11')
      assert.match(await a.talk('169.254.169.254', 80, 'GET / HTTP/1.0\\r\\n\\r\\n'), /for 10\.80\.0\.11/)
    })

    await t.test('what somebody else took away comes back with the next apply', async () => {
      await run('nft', ['delete', 'table', 'bridge', prefix])
      await run('ip', ['netns', 'del', `${prefix}-router-router-1`])
      await run('ip', ['netns', 'del', `${prefix}-dhcp-net-1`])
      await driver.apply(wanted)
      assert.equal(await b.connects('10.80.0.11', 80), false)
      assert.equal(await c.connects('10.80.0.11', 22, patient), true)
      assert.match(await a.talk('169.254.169.254', 80, 'GET / HTTP/1.0\\r\\n\\r\\n'), /for 10\.80\.0\.11/)
    })

    await t.test('everything is taken away and the switch is turned back', async () => {
      await run('ip', ['link', 'add', 'foreign0', 'type', 'bridge'])
      await driver.removeAll()
      const links = await run('ip', ['-o', 'link', 'show'])
      assert.equal(links.includes(`${prefix}n`), false)
      assert.match(links, /foreign0/)
      assert.equal((await run('cat', ['/proc/sys/net/ipv4/ip_forward'])).trim(), '0')
      assert.equal((await run('nft', ['list', 'tables'])).trim(), '')
    })
  } finally {
    for (const close of closers) close()
    await driver.removeAll()
    await driver.close()
    for (const guest of guests) await run('ip', ['netns', 'del', guest.namespace])
    await run('ip', ['netns', 'del', outside])
    leave()
  }
})

async function plugOutside(): Promise<void> {
  await run('ip', ['netns', 'add', outside])
  await run('ip', ['link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside])
  await run('ip', ['-batch', '-'], 'addr add 203.0.113.1/24 dev uplink\nlink set uplink up\n')
  await run('ip', ['-batch', '-'], 'addr add 203.0.113.2/24 dev eth0\nlink set eth0 up\nlink set lo up\n', outside)
}

function world(): HostNetworks {
  const tenant = (number: number, thirdByte: number, isServed: boolean): WantedNetwork => ({
    id: `net-${number}`,
    kind: { tenant: number },
    mtu: 1450,
    serviceMac: `fa:16:3e:01:00:0${number}`,
    subnets: [
      {
        id: `net-${number}-v4`,
        cidr: `10.${thirdByte}.0.0/24`,
        ipVersion: 4,
        gateway: `10.${thirdByte}.0.1`,
        dns: [],
        hostRoutes: [],
        dhcpAddress: isServed ? `10.${thirdByte}.0.2` : null,
      },
      {
        id: `net-${number}-v6`,
        cidr: `fd${thirdByte}::/64`,
        ipVersion: 6,
        gateway: `fd${thirdByte}::1`,
        dns: [],
        hostRoutes: [],
        dhcpAddress: null,
      },
    ],
    remotePorts: [],
  })
  const port = (name: string, network: number, addresses: string[], group: string): WantedPort => ({
    id: `port-${name}`,
    networkId: `net-${network}`,
    mac: `fa:16:3e:00:00:${name}${name}`,
    fixedIps: addresses.map((address) => ({
      subnetId: `net-${network}-${address.includes(':') ? 'v6' : 'v4'}`,
      address,
    })),
    hostname: name,
    adminUp: true,
    portSecurity: true,
    allowedPairs: [],
    securityGroups: [group],
  })
  const leg = (network: number, cidr: string) => ({
    portId: `leg-${network}`,
    networkId: `net-${network}`,
    mac: `fa:16:3e:02:00:0${network}`,
    cidr,
  })
  return {
    tunnelAddress: null,
    networks: [
      tenant(1, 80, true),
      tenant(2, 81, false),
      tenant(3, 80, true),
      {
        ...tenant(4, 0, false),
        id: 'public',
        kind: { external: 'public' },
        mtu: 1500,
        subnets: [
          {
            id: 'public-v4',
            cidr: '198.18.80.0/24',
            ipVersion: 4,
            gateway: '198.18.80.1',
            dns: [],
            hostRoutes: [],
            dhcpAddress: null,
          },
        ],
      },
    ],
    ports: [
      port('a', 1, ['10.80.0.11', 'fd80::11'], 'group-a'),
      port('b', 1, ['10.80.0.12', 'fd80::12'], 'group-b'),
      port('c', 2, ['10.81.0.13', 'fd81::13'], 'group-c'),
      port('d', 3, ['10.80.0.12'], 'group-b'),
    ],
    securityGroups: [
      { id: 'group-a', members: ['10.80.0.11', 'fd80::11'], rules: [...egress] },
      { id: 'group-b', members: ['10.80.0.12', 'fd80::12'], rules: [...egress] },
      { id: 'group-c', members: ['10.81.0.13', 'fd81::13'], rules: [...egress] },
    ],
    routers: [
      {
        id: 'router-1',
        adminUp: true,
        interfaces: [leg(1, '10.80.0.1/24'), leg(1, 'fd80::1/64'), leg(2, '10.81.0.1/24'), leg(2, 'fd81::1/64')],
        gateway: {
          portId: 'leg-public',
          networkId: 'public',
          mac: 'fa:16:3e:02:00:99',
          cidrs: ['198.18.80.10/24'],
          nexthop: '198.18.80.1',
          snat: true,
        },
        routes: [],
        floatingIps: [{ id: 'floating-1', address: '198.18.80.20', fixedAddress: '10.80.0.11' }],
      },
    ],
  }
}
