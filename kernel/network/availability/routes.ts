// Availability zones, and how many addresses of each network are in use.
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { routes } from '../../../eden/service.ts'
import { allocation, book } from '../addresses/allocation.ts'
import { parseAddress } from '../addresses/ip.ts'
import { picked } from '../api/list.ts'
import type { NetworkContext } from '../context.ts'
import { type Network, network } from '../networks/network.ts'
import { everySubnet, type Subnet, subnet } from '../subnets/subnet.ts'

async function listZones({ config }: NetworkContext, _: Call, input: Input) {
  const zones = ['network', 'router'].map((resource) => ({
    name: config.availabilityZone,
    resource,
    state: 'available',
  }))
  const { queryAll } = input
  const found = zones.filter((zone) =>
    (['name', 'resource', 'state'] as const).every(
      (field) => !queryAll.has(field) || queryAll.getAll(field).includes(zone[field]),
    ),
  )
  return ok({ availability_zones: found.map((zone) => picked(zone, input)) })
}

const sizeOf = ({ allocationPools }: Subnet) =>
  allocationPools.reduce(
    (sum, { start, end }) => sum + Number(parseAddress(end)!.value - parseAddress(start)!.value) + 1,
    0,
  )

async function availabilityOf(call: Call, row: Network, versions: string[]) {
  const subnets = (await call.rows(subnet, everySubnet).list({ where: { networkId: row.id } })).filter(
    ({ ipVersion }) => versions.length === 0 || versions.includes(String(ipVersion)),
  )
  const shown = await Promise.all(
    subnets.map(async (one) => ({
      subnet_id: one.id,
      subnet_name: one.name,
      ip_version: one.ipVersion,
      cidr: one.cidr,
      total_ips: sizeOf(one),
      used_ips: await call.rows(allocation, book).count({ subnetId: one.id }),
    })),
  )
  return {
    network_id: row.id,
    network_name: row.name,
    project_id: row.projectId,
    tenant_id: row.projectId,
    total_ips: shown.reduce((sum, { total_ips }) => sum + total_ips, 0),
    used_ips: shown.reduce((sum, { used_ips }) => sum + used_ips, 0),
    subnet_ip_availability: shown,
  }
}

async function listAvailability(_: NetworkContext, call: Call, input: Input) {
  const { queryAll } = input
  const where = {
    ...(queryAll.has('network_id') && { id: queryAll.getAll('network_id') }),
    ...(queryAll.has('network_name') && { name: queryAll.getAll('network_name') }),
    ...((queryAll.has('project_id') || queryAll.has('tenant_id')) && {
      projectId: [...queryAll.getAll('project_id'), ...queryAll.getAll('tenant_id')],
    }),
  }
  const rows = await call.rows(network).list({ where, sort: [{ field: 'createdAt' }] })
  const shown = await Promise.all(rows.map((row) => availabilityOf(call, row, queryAll.getAll('ip_version'))))
  return ok({ network_ip_availabilities: shown.map((one) => picked(one, input)) })
}

async function showAvailability(_: NetworkContext, call: Call, input: Input) {
  const row = await call.rows(network).get(input.params.id!)
  return ok({ network_ip_availability: picked(await availabilityOf(call, row, []), input) })
}

async function listProviders(_: NetworkContext, __: Call, input: Input) {
  const provider = { service_type: 'L3_ROUTER_NAT', name: 'cloudos', default: true }
  return ok({ service_providers: [picked(provider, input)] })
}

const r = routes<NetworkContext>()
export const availabilityRoutes = [
  r('GET', '/v2.0/availability_zones', listZones, { rule: 'network/get_availability_zone' }),
  r('GET', '/v2.0/network-ip-availabilities', listAvailability, { rule: 'network/get_network_ip_availability' }),
  r('GET', '/v2.0/network-ip-availabilities/:id', showAvailability, { rule: 'network/get_network_ip_availability' }),
  r('GET', '/v2.0/service-providers', listProviders, { rule: 'network/get_service_provider' }),
]
