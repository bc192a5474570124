// The test that every network driver passes, the real ones and their twin.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostNetworks, MetadataHandler, NetworkDriver } from './driver.ts'

/** Tells why this host cannot run the driver, or null where it can. */
export type ContractProbe = () => Promise<string | null>

/**
 * Declares the tests. `makeDriver` gives a new, unopened driver each time; drivers with the same `host` number must
 * see what an earlier one of them left, as a restarted process would.
 */
export function runNetworkDriverContract(
  name: string,
  makeDriver: (host: number) => NetworkDriver,
  makeProbe: ContractProbe = async () => null,
): void {
  let lastHost = 0
  const contractTest = (title: string, body: (make: () => Promise<NetworkDriver>) => Promise<void>) =>
    test(`${name} network driver: ${title}`, async (t) => {
      const reason = await makeProbe()
      if (reason !== null) return t.skip(reason)
      const host = ++lastHost
      const drivers: NetworkDriver[] = []
      const make = async () => {
        const driver = makeDriver(host)
        drivers.push(driver)
        await driver.open(noMetadata)
        return driver
      }
      try {
        await body(make)
      } finally {
        const driver = makeDriver(host)
        await driver.open(noMetadata)
        await driver.removeAll()
        for (const each of [...drivers, driver]) await each.close()
      }
    })

  contractTest('what was applied stands', async (make) => {
    const driver = await make()
    await driver.apply(wholeExample())
    assert.deepEqual(await driver.observe(), wholeObserved)
    assert.ok(['tap', 'user', 'simulated'].includes(driver.vif(ids.portA).kind))
    assert.ok(driver.capabilities().traits.length > 0)
  })

  contractTest('applying twice changes nothing', async (make) => {
    const driver = await make()
    await driver.apply(wholeExample())
    await driver.apply(wholeExample())
    assert.deepEqual(await driver.observe(), wholeObserved)
  })

  contractTest('what is no longer wanted goes', async (make) => {
    const driver = await make()
    await driver.apply(wholeExample())
    const less = wholeExample()
    less.routers[0]!.floatingIps = []
    less.ports.pop()
    await driver.apply(less)
    assert.deepEqual(await driver.observe(), { ...wholeObserved, ports: [ids.portA], floatingIps: [] })
    await driver.apply({ ...less, routers: [] })
    assert.deepEqual(await driver.observe(), { ...wholeObserved, ports: [ids.portA], floatingIps: [], routers: [] })
    await driver.apply(nothing)
    assert.deepEqual(await driver.observe(), nothingObserved)
  })

  contractTest('a later process adopts what an earlier one left, and removes strays', async (make) => {
    const first = await make()
    await first.apply(wholeExample())
    await first.close()
    const second = await make()
    assert.deepEqual(await second.observe(), wholeObserved)
    const less = wholeExample()
    less.ports.shift()
    await second.apply(less)
    assert.deepEqual(await second.observe(), { ...wholeObserved, ports: [ids.portB] })
  })

  contractTest('removeAll leaves nothing and may be called again', async (make) => {
    const driver = await make()
    await driver.apply(wholeExample())
    await driver.removeAll()
    assert.deepEqual(await driver.observe(), nothingObserved)
    await driver.removeAll()
    await driver.apply(wholeExample())
    assert.deepEqual(await driver.observe(), wholeObserved)
  })

  contractTest('contradictions are refused and change nothing', async (make) => {
    const driver = await make()
    await driver.apply(wholeExample())
    const cases: [RegExp, (wanted: HostNetworks) => void][] = [
      [/not among the networks/, (wanted) => wanted.networks.splice(0, 1)],
      [/not among the groups/, (wanted) => wanted.securityGroups.splice(0)],
      [/given twice/, (wanted) => wanted.ports.push({ ...wanted.ports[0]! })],
      [/has the MAC/, (wanted) => Object.assign(wanted.ports[0]!, { mac: 'none' })],
      [/no gateway/, (wanted) => Object.assign(wanted.routers[0]!, { gateway: null })],
    ]
    for (const [message, spoil] of cases) {
      const wanted = wholeExample()
      spoil(wanted)
      await assert.rejects(driver.apply(wanted), message)
    }
    assert.deepEqual(await driver.observe(), wholeObserved)
  })

  contractTest('calls at the same time are done one after the other', async (make) => {
    const driver = await make()
    await Promise.all([driver.apply(wholeExample()), driver.apply(nothing), driver.apply(wholeExample())])
    assert.deepEqual(await driver.observe(), wholeObserved)
  })
}

const noMetadata: MetadataHandler = async () => ({ status: 404, headers: {}, body: '' })

const nothing: HostNetworks = { tunnelAddress: null, networks: [], ports: [], securityGroups: [], routers: [] }
const nothingObserved = { networks: [], ports: [], routers: [], floatingIps: [] }

const ids = {
  network: '1f0c5a52-0d2b-4b7e-9a55-000000000001',
  publicNetwork: '2f0c5a52-0d2b-4b7e-9a55-000000000002',
  portA: '3a0c5a52-0d2b-4b7e-9a55-000000000003',
  portB: '4b0c5a52-0d2b-4b7e-9a55-000000000004',
  group: '5f0c5a52-0d2b-4b7e-9a55-000000000005',
  router: '6f0c5a52-0d2b-4b7e-9a55-000000000006',
  floatingIp: '7f0c5a52-0d2b-4b7e-9a55-000000000007',
  leg: '8f0c5a52-0d2b-4b7e-9a55-000000000008',
  gateway: '9f0c5a52-0d2b-4b7e-9a55-000000000009',
}

const wholeObserved = {
  networks: [ids.network, ids.publicNetwork],
  ports: [ids.portA, ids.portB],
  routers: [ids.router],
  floatingIps: [ids.floatingIp],
}

/** One of everything: a tenant network with two ports, an external one, a router between them, a floating address. */
export function wholeExample(): HostNetworks {
  const rule = { protocol: null, portMin: null, portMax: null, remoteCidr: null, remoteGroupId: null }
  const port = (id: string, lastByte: number) => ({
    id,
    networkId: ids.network,
    mac: `fa:16:3e:00:00:${lastByte}`,
    fixedIps: [
      { subnetId: 'v4', address: `10.77.0.${lastByte}` },
      { subnetId: 'v6', address: `fd77::${lastByte}` },
    ],
    hostname: `guest-${lastByte}`,
    adminUp: true,
    portSecurity: true,
    allowedPairs: [{ address: '10.77.0.128/26' }, { address: '10.77.0.99', mac: '00:00:5e:00:01:01' }],
    securityGroups: [ids.group],
  })
  return {
    tunnelAddress: null,
    networks: [
      {
        id: ids.network,
        kind: { tenant: 4711 },
        mtu: 1450,
        serviceMac: 'fa:16:3e:00:00:02',
        subnets: [
          {
            id: 'v4',
            cidr: '10.77.0.0/24',
            ipVersion: 4,
            gateway: '10.77.0.1',
            dns: ['9.9.9.9'],
            hostRoutes: [{ destination: '10.78.0.0/16', nexthop: '10.77.0.7' }],
            dhcpAddress: '10.77.0.2',
          },
          {
            id: 'v6',
            cidr: 'fd77::/64',
            ipVersion: 6,
            gateway: 'fd77::1',
            dns: [],
            hostRoutes: [],
            dhcpAddress: null,
          },
        ],
        remotePorts: [],
      },
      {
        id: ids.publicNetwork,
        kind: { external: 'public' },
        mtu: 1500,
        serviceMac: 'fa:16:3e:00:01:02',
        subnets: [
          {
            id: 'public-v4',
            cidr: '198.18.77.0/24',
            ipVersion: 4,
            gateway: '198.18.77.1',
            dns: [],
            hostRoutes: [],
            dhcpAddress: null,
          },
        ],
        remotePorts: [],
      },
    ],
    ports: [port(ids.portA, 11), port(ids.portB, 12)],
    securityGroups: [
      {
        id: ids.group,
        members: ['10.77.0.11', '10.77.0.12', 'fd77::11', 'fd77::12'],
        rules: [
          { ...rule, direction: 'egress', ethertype: 'IPv4' },
          { ...rule, direction: 'egress', ethertype: 'IPv6' },
          { ...rule, direction: 'ingress', ethertype: 'IPv4', remoteGroupId: ids.group },
          {
            ...rule,
            direction: 'ingress',
            ethertype: 'IPv4',
            protocol: 'tcp',
            portMin: 22,
            portMax: 22,
            remoteCidr: '0.0.0.0/0',
          },
          { ...rule, direction: 'ingress', ethertype: 'IPv6', protocol: 'icmp', portMin: 128, portMax: 0 },
        ],
      },
    ],
    routers: [
      {
        id: ids.router,
        adminUp: true,
        interfaces: [
          { portId: ids.leg, networkId: ids.network, mac: 'fa:16:3e:00:00:01', cidr: '10.77.0.1/24' },
          { portId: ids.leg, networkId: ids.network, mac: 'fa:16:3e:00:00:01', cidr: 'fd77::1/64' },
        ],
        gateway: {
          portId: ids.gateway,
          networkId: ids.publicNetwork,
          mac: 'fa:16:3e:00:01:10',
          cidrs: ['198.18.77.10/24'],
          nexthop: '198.18.77.1',
          snat: true,
        },
        routes: [{ destination: '10.79.0.0/16', nexthop: '10.77.0.11' }],
        floatingIps: [{ id: ids.floatingIp, address: '198.18.77.20', fixedAddress: '10.77.0.11' }],
      },
    ],
  }
}
