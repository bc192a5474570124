// The network service from outside: what its API does, and what a host is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otherProject, testProject } from '../../eden/testing.ts'
import { type NetworkTestCloud, networkTestCloud } from './testing.ts'

type Json = Record<string, unknown>
interface Thing extends Json {
  id: string
}
interface PortView extends Thing {
  fixed_ips: { subnet_id: string; ip_address: string }[]
  security_groups: string[]
  status: string
}

const start = async (t: { after(fn: () => Promise<void>): void }, config: Json = {}) => {
  const cloud = await networkTestCloud(config)
  t.after(() => cloud.close())
  return cloud
}

async function tenantNetwork(cloud: NetworkTestCloud, cidr = '10.0.0.0/24') {
  const member = cloud.as('member')
  const network = await member.post<Thing>('/v2.0/networks', { network: { name: 'n' } })
  const subnet = await member.post<Thing>('/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr } })
  return { network, subnet }
}

const plug = (cloud: NetworkTestCloud, ids: string[], device = 'server1') =>
  cloud
    .as('service')
    .post<{ vif: unknown; fixed_ips: unknown }[]>(
      '/internal/plug',
      { host: 'host1', device_id: device, device_owner: 'compute:nova', hostname: 'web', port_ids: ids },
      200,
    )

test('a new cloud has one external network that an operator may delete for good', async (t) => {
  const cloud = await start(t)
  const [network] = await cloud.as('admin').get<Json[]>('/v2.0/networks')
  assert.equal(network!.name, 'public')
  assert.equal(network!['router:external'], true)
  assert.deepEqual(await cloud.as('member').get('/v2.0/subnets'), [])
  assert.equal((await cloud.as('member').get<Json[]>('/v2.0/networks')).length, 1)
  const [subnet] = await cloud.as('admin').get<Json[]>('/v2.0/subnets')
  assert.deepEqual(subnet!.allocation_pools, [{ start: '172.24.4.10', end: '172.24.4.250' }])
})

test('a network shows provider attributes to administrators alone', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  assert.equal(network['provider:network_type'], undefined)
  const shown = await cloud.as('admin').get(`/v2.0/networks/${network.id}`)
  assert.equal(shown['provider:network_type'], 'vxlan')
  await cloud.as('member').post('/v2.0/networks', { network: { shared: true } }, 403)
  await cloud.as('stranger').get(`/v2.0/networks/${network.id}`, 404)
  await cloud.as('member').post('/v2.0/networks', { network: { 'router:external': true } }, 403)
})

test('a port gets the next address, a MAC and the default group; deleting frees all', async (t) => {
  const cloud = await start(t)
  const { network, subnet } = await tenantNetwork(cloud)
  const member = cloud.as('member')
  const port = await member.post<PortView>('/v2.0/ports', { port: { network_id: network.id } })
  assert.deepEqual(port.fixed_ips, [{ subnet_id: subnet.id, ip_address: '10.0.0.3' }])
  assert.equal(port.security_groups.length, 1)
  assert.equal(port.status, 'DOWN')
  assert.equal(port['binding:host_id'], undefined)
  await member.post('/v2.0/ports', { port: { network_id: network.id, fixed_ips: [{ ip_address: '10.0.0.3' }] } }, 409)
  await member.delete(`/v2.0/subnets/${subnet.id}`, 409)
  await member.delete(`/v2.0/networks/${network.id}`, 409)
  const found = await member.get<PortView[]>('/v2.0/ports?fixed_ips=ip_address%3D10.0.0.3&fields=id')
  assert.deepEqual(found, [{ id: port.id }])
  await member.delete(`/v2.0/ports/${port.id}`)
  await member.delete(`/v2.0/networks/${network.id}`)
  assert.deepEqual(await member.get('/v2.0/ports'), [])
})

test('ports made in one request are made all or not at all', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud, '10.0.0.0/29')
  const many = (count: number) => ({ ports: Array.from({ length: count }, () => ({ network_id: network.id })) })
  await cloud.as('member').post('/v2.0/ports', many(5), 409)
  assert.equal((await cloud.as('member').get<Json[]>('/v2.0/ports?device_owner=')).length, 1)
  const made = await cloud.as('member').post<PortView[]>('/v2.0/ports', many(4))
  assert.equal(new Set(made.map(({ fixed_ips }) => fixed_ips[0]!.ip_address)).size, 4)
})

test('plugging a port binds it, tells the host and makes it active; unplugging ends that', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  const port = await cloud.as('member').post<PortView>('/v2.0/ports', { port: { network_id: network.id } })
  const [plugged] = await plug(cloud, [port.id])
  assert.deepEqual(plugged!.vif, { kind: 'simulated' })
  assert.deepEqual(plugged!.fixed_ips, port.fixed_ips)
  assert.equal((await cloud.as('member').get<PortView>(`/v2.0/ports/${port.id}`)).status, 'ACTIVE')
  const stands = cloud.driver.stands!
  assert.equal(stands.ports[0]!.hostname, 'web')
  assert.equal(stands.networks[0]!.subnets[0]!.dhcpAddress, '10.0.0.2')
  await cloud.as('service').post('/internal/unplug', { port_ids: [port.id, 'gone'] }, 204)
  assert.deepEqual(cloud.driver.stands!.ports, [])
  assert.equal((await cloud.as('member').get<PortView>(`/v2.0/ports/${port.id}`)).status, 'DOWN')
  await cloud.as('member').post('/internal/unplug', { port_ids: [] }, 403)
})

test('many ports plugged at once share a few applies', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud, '10.1.0.0/22')
  const ids: string[] = []
  for (let i = 0; i < 60; i++)
    ids.push((await cloud.as('member').post<Thing>('/v2.0/ports', { port: { network_id: network.id } })).id)
  const before = cloud.driver.applied
  await Promise.all(ids.map((id) => plug(cloud, [id], id)))
  assert.equal(cloud.driver.stands!.ports.length, 60)
  assert.ok(cloud.driver.applied - before < 30, `${cloud.driver.applied - before} applies`)
})

test('a removed rule leaves the host', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  const member = cloud.as('member')
  const group = await member.post<Thing>('/v2.0/security-groups', { security_group: { name: 'web' } })
  const wanted = {
    security_group_id: group.id,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: 80,
    port_range_max: 80,
  }
  const rule = await member.post<Thing>('/v2.0/security-group-rules', { security_group_rule: wanted })
  await member.post('/v2.0/security-group-rules', { security_group_rule: wanted }, 409)
  const port = await member.post<Thing>('/v2.0/ports', {
    port: { network_id: network.id, security_groups: [group.id] },
  })
  await plug(cloud, [port.id])
  const rulesThere = () => cloud.driver.stands!.securityGroups.find(({ id }) => id === group.id)!.rules.length
  assert.equal(rulesThere(), 3)
  await member.delete(`/v2.0/security-groups/${group.id}`, 409)
  await member.delete(`/v2.0/security-group-rules/${rule.id}`)
  await cloud.applied()
  assert.equal(rulesThere(), 2)
})

test('a floating IP reaches a port through a router, and everything goes in order', async (t) => {
  const cloud = await start(t)
  const { network, subnet } = await tenantNetwork(cloud)
  const member = cloud.as('member')
  const [external] = await member.get<Thing[]>('/v2.0/networks?router:external=True')
  const port = await member.post<PortView>('/v2.0/ports', { port: { network_id: network.id } })
  const floating = { floating_network_id: external!.id, port_id: port.id }
  await member.post('/v2.0/floatingips', { floatingip: floating }, 404)
  const router = await member.post<Thing>('/v2.0/routers', {
    router: { name: 'r', external_gateway_info: { network_id: external!.id } },
  })
  await cloud.as('member').put(`/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id })
  const fip = await member.post<Thing>('/v2.0/floatingips', { floatingip: floating })
  assert.equal(fip.router_id, router.id)
  await cloud.applied()
  assert.equal((await member.get(`/v2.0/floatingips/${fip.id}`)).status, 'ACTIVE')
  const [wanted] = cloud.driver.stands!.routers
  assert.deepEqual(
    wanted!.interfaces.map(({ cidr }) => cidr),
    ['10.0.0.1/24'],
  )
  assert.equal(wanted!.gateway!.nexthop, '172.24.4.1')
  assert.equal(wanted!.floatingIps[0]!.fixedAddress, '10.0.0.3')
  await member.put(`/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id }, 409)
  await member.put(`/v2.0/routers/${router.id}`, { router: { external_gateway_info: {} } }, 409)
  await member.delete(`/v2.0/routers/${router.id}`, 409)
  await member.put(`/v2.0/floatingips/${fip.id}`, { floatingip: { port_id: null } })
  assert.equal((await member.get(`/v2.0/floatingips/${fip.id}`)).status, 'DOWN')
  await member.put(`/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id })
  await member.delete(`/v2.0/floatingips/${fip.id}`)
  await member.delete(`/v2.0/routers/${router.id}`)
  await cloud.applied()
  assert.deepEqual(cloud.driver.stands!.routers, [])
})

test('a host that fails is tried again, and heals by itself', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  const port = await cloud.as('member').post<PortView>('/v2.0/ports', { port: { network_id: network.id } })
  await cloud.applied()
  cloud.driver.failNext('apply', new Error('no memory'))
  const body = { host: 'host1', device_id: 's', device_owner: 'compute:nova', hostname: 'h', port_ids: [port.id] }
  const refused = await cloud.ask('network', 'service', 'POST', '/internal/plug', body)
  assert.equal(refused.status, 503)
  await cloud.applied()
  assert.equal((await cloud.as('member').get<PortView>(`/v2.0/ports/${port.id}`)).status, 'ACTIVE')
})

test('a guest that asks for metadata is known by its network and address', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  const port = await cloud.as('member').post<PortView>('/v2.0/ports', { port: { network_id: network.id } })
  await plug(cloud, [port.id], 'server7')
  const request = { sourceAddress: '10.0.0.3', method: 'GET', path: '/openstack', headers: {} }
  const reply = await cloud.driver.request({ ...request, networkId: network.id })
  assert.equal(reply.body, 'hello')
  assert.equal(cloud.metadataAsked[0]!.server_id, 'server7')
  assert.equal(cloud.metadataAsked[0]!.project_id, testProject)
  assert.equal((await cloud.driver.request({ ...request, networkId: 'other' })).status, 404)
})

test('a shared network is seen and used by others, and cannot be taken back while they use it', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  const policy = await cloud.as('member').post<Thing>('/v2.0/rbac-policies', {
    rbac_policy: {
      object_type: 'network',
      object_id: network.id,
      action: 'access_as_shared',
      target_tenant: otherProject,
    },
  })
  assert.equal((await cloud.as('stranger').get(`/v2.0/networks/${network.id}`)).shared, true)
  const port = await cloud.as('stranger').post<Thing>('/v2.0/ports', { port: { network_id: network.id } })
  await cloud.as('member').delete(`/v2.0/rbac-policies/${policy.id}`, 409)
  await cloud.as('stranger').put(`/v2.0/networks/${network.id}`, { network: { name: 'mine' } }, 403)
  await cloud.as('stranger').delete(`/v2.0/ports/${port.id}`)
  await cloud.as('member').delete(`/v2.0/rbac-policies/${policy.id}`)
  await cloud.as('stranger').get(`/v2.0/networks/${network.id}`, 404)
})

test('limits refuse with 409 and are shown with what is used', async (t) => {
  const cloud = await start(t)
  await cloud.as('admin').put(`/v2.0/quotas/${testProject}`, { quota: { network: 1 } })
  await cloud.as('member').post('/v2.0/networks', { network: {} })
  const refused = await cloud.ask('network', 'member', 'POST', '/v2.0/networks', { network: {} })
  assert.equal(refused.status, 409)
  assert.equal((refused.json.NeutronError as Json).type, 'OverQuota')
  const details = await cloud.as('member').get<Record<string, Json>>(`/v2.0/quotas/${testProject}/details.json`)
  assert.deepEqual(details.network, { limit: 1, used: 1, reserved: 0 })
  await cloud.as('admin').delete(`/v2.0/quotas/${testProject}`)
})

test('lists come in pages with links both ways', async (t) => {
  const cloud = await start(t)
  for (const name of ['a', 'b', 'c']) await cloud.as('member').post('/v2.0/networks', { network: { name } })
  const page = async (url: string) =>
    (await cloud.ask('network', 'member', 'GET', url)).json as {
      networks: Json[]
      networks_links: { rel: string; href: string }[]
    }
  const first = await page('/v2.0/networks?limit=2&sort_key=name&router:external=False')
  assert.deepEqual(
    first.networks.map(({ name }) => name),
    ['a', 'b'],
  )
  const next = first.networks_links.find(({ rel }) => rel === 'next')!
  const second = await page(next.href.replace('http://cloud.test', ''))
  assert.deepEqual(
    second.networks.map(({ name }) => name),
    ['c'],
  )
  const previous = second.networks_links.find(({ rel }) => rel === 'previous')!
  assert.deepEqual(
    (await page(previous.href.replace('http://cloud.test', ''))).networks.map(({ name }) => name),
    ['a', 'b'],
  )
})

test('tags are set, found and removed', async (t) => {
  const cloud = await start(t)
  const member = cloud.as('member')
  const network = await member.post<Thing>('/v2.0/networks', { network: {} })
  await member.put(`/v2.0/networks/${network.id}/tags`, { tags: ['red', 'blue'] })
  await member.put(`/v2.0/networks/${network.id}/tags/green`, undefined, 201)
  assert.equal((await member.get<Json[]>('/v2.0/networks?tags=red,green')).length, 1)
  assert.equal((await member.get<Json[]>('/v2.0/networks?tags-any=re,x')).length, 0)
  await member.delete(`/v2.0/networks/${network.id}/tags/red`)
  await member.get(`/v2.0/networks/${network.id}/tags/red`, 404)
})

for (const [says, subnet, status] of [
  ['host bits', { ip_version: 4, cidr: '10.0.0.5/24' }, 400],
  ['the wrong family', { ip_version: 6, cidr: '10.0.0.0/24' }, 400],
  [
    'a pool outside',
    { ip_version: 4, cidr: '10.0.0.0/24', allocation_pools: [{ start: '10.0.1.1', end: '10.0.1.9' }] },
    400,
  ],
  [
    'a gateway in the pool',
    {
      ip_version: 4,
      cidr: '10.0.0.0/24',
      gateway_ip: '10.0.0.9',
      allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.99' }],
    },
    409,
  ],
  [
    'modes that differ',
    { ip_version: 6, cidr: 'fd00::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'dhcpv6-stateful' },
    400,
  ],
  ['an overlap', { ip_version: 4, cidr: '10.9.0.128/25' }, 400],
] as const)
  test(`a subnet with ${says} is refused with ${status}`, async (t) => {
    const cloud = await start(t)
    const { network } = await tenantNetwork(cloud, '10.9.0.0/24')
    await cloud.as('member').post('/v2.0/subnets', { subnet: { network_id: network.id, ...subnet } }, status)
  })

test('nobody puts a leg on the router of somebody else, nor asks for frames that the wire cannot carry', async (t) => {
  const cloud = await start(t)
  const { network } = await tenantNetwork(cloud)
  const router = await cloud.as('stranger').post<Thing>('/v2.0/routers', { router: {} })
  const leg = { network_id: network.id, device_owner: 'network:router_interface', device_id: router.id }
  await cloud.as('member').post('/v2.0/ports', { port: leg }, 409)
  const port = await cloud.as('member').post<Thing>('/v2.0/ports', { port: { network_id: network.id } })
  await cloud
    .as('member')
    .put(`/v2.0/ports/${port.id}`, { port: { device_owner: leg.device_owner, device_id: router.id } }, 409)
  await cloud.as('member').post('/v2.0/networks', { network: { mtu: 9000 } }, 400)
  assert.equal((await cloud.as('member').post('/v2.0/networks', { network: { mtu: 1300 } })).mtu, 1300)
})
