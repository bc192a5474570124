// Two hosts, each a namespace with a driver of its own, carry one tenant network between them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostNetworks } from '../../../kernel/network/driver.ts'
import { run } from './commands.ts'
import { requestLease } from './dhcp/testing.ts'
import { LinuxNetworkDriver } from './driver.ts'
import { namesFor } from './names.ts'
import { probeHost } from './probe.ts'
import { applyInChild, liveInNamespace, patient, TestGuest } from './testing.ts'
import { guestEndOf } from './wanted-host.ts'

const prefixes = ['t', 'u'].map((letter) => `${letter}${(process.pid % 1290).toString(36)}`.padEnd(3, '0'))
const [here, there] = prefixes as [string, string]
const hosts = prefixes.map((prefix) => `${prefix}-test-host`) as [string, string]

test('two hosts carry one network; each serves its own guests', async (t) => {
  const { missing } = await probeHost(`${here}trial`)
  if (missing.length > 0) return t.skip(`needs ${missing.join('; ')}`)
  const leave = liveInNamespace(hosts[0])
  await run('ip', ['netns', 'add', hosts[1]])
  const driver = new LinuxNetworkDriver({ prefix: here, portKind: 'veth' })
  const guests: TestGuest[] = []
  let other: Awaited<ReturnType<typeof applyInChild>> | undefined
  try {
    await run('ip', ['link', 'add', 'under', 'type', 'veth', 'peer', 'name', 'under', 'netns', hosts[1]])
    await run('ip', ['-batch', '-'], 'link set lo up\naddr add 192.0.2.1/24 dev under\nlink set under up\n')
    await run('ip', ['-batch', '-'], 'link set lo up\naddr add 192.0.2.2/24 dev under\nlink set under up\n', hosts[1])
    await driver.open(async ({ sourceAddress }) => ({ status: 200, headers: {}, body: `here for ${sourceAddress}` }))
    await driver.apply(oneOfTwo(0))
    other = await applyInChild(there, oneOfTwo(1), hosts[1])
    for (const index of [0, 1]) {
      const namespace = `${prefixes[index]}-test-guest`
      const farEnd = guestEndOf(namesFor(prefixes[index]!).interfaceFor('p', `port-${index}`))
      await run('ip', ['netns', 'add', namespace])
      const setUp = `link set ${farEnd} netns ${namespace} name eth0\n`
      await run('ip', ['-batch', '-'], setUp, hosts[index]!)
      guests.push(await TestGuest.adopt(namespace, [`10.82.0.1${index}/24`], []))
    }
    const [first, second] = guests as [TestGuest, TestGuest]
    assert.equal(await first.pings('10.82.0.11', patient), true)
    assert.equal(await second.pings('10.82.0.10', patient), true)
    for (const [index, guest] of guests.entries()) {
      const lease = await requestLease(guest.namespace, `fa:16:3e:00:00:1${index}`)
      assert.equal(lease?.yourAddress, `10.82.0.1${index}`)
      await guest.ip('route', 'add', '169.254.169.254/32', 'via', '10.82.0.2')
    }
    assert.match(await first.talk('169.254.169.254', 80, 'GET / HTTP/1.0\\r\\n\\r\\n'), /here for 10\.82\.0\.10/)
    assert.match(await second.talk('169.254.169.254', 80, 'GET / HTTP/1.0\\r\\n\\r\\n'), /child for 10\.82\.0\.11/)
    const alone = oneOfTwo(0)
    alone.networks[0]!.remotePorts = []
    await driver.apply(alone)
    assert.equal(await first.pings('10.82.0.11'), false)
  } finally {
    await other?.removeAll()
    await driver.removeAll()
    await driver.close()
    for (const guest of guests) await run('ip', ['netns', 'del', guest.namespace])
    await run('ip', ['netns', 'del', hosts[1]])
    leave()
  }
})

/** What the first or the second of the two hosts is told: its own guest, and where the other one lives. */
function oneOfTwo(index: 0 | 1): HostNetworks {
  const rule = { protocol: null, portMin: null, portMax: null, remoteCidr: null, remoteGroupId: null }
  const mac = (number: number) => `fa:16:3e:00:00:1${number}`
  const far = 1 - index
  return {
    tunnelAddress: `192.0.2.${index + 1}`,
    networks: [
      {
        id: 'net',
        kind: { tenant: 77 },
        mtu: 1450,
        serviceMac: 'fa:16:3e:00:00:02',
        subnets: [
          {
            id: 'v4',
            cidr: '10.82.0.0/24',
            ipVersion: 4,
            gateway: null,
            dns: [],
            hostRoutes: [],
            dhcpAddress: '10.82.0.2',
          },
        ],
        remotePorts: [{ mac: mac(far), addresses: [`10.82.0.1${far}`], tunnelAddress: `192.0.2.${far + 1}` }],
      },
    ],
    ports: [
      {
        id: `port-${index}`,
        networkId: 'net',
        mac: mac(index),
        fixedIps: [{ subnetId: 'v4', address: `10.82.0.1${index}` }],
        hostname: '',
        adminUp: true,
        portSecurity: true,
        allowedPairs: [],
        securityGroups: ['group'],
      },
    ],
    securityGroups: [
      {
        id: 'group',
        members: ['10.82.0.10', '10.82.0.11'],
        rules: [
          { ...rule, direction: 'egress', ethertype: 'IPv4' },
          { ...rule, direction: 'ingress', ethertype: 'IPv4', remoteGroupId: 'group' },
        ],
      },
    ],
    routers: [],
  }
}
