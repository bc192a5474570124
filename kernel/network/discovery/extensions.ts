// The extensions of the API that work here, under Neutron's aliases: what is listed is there as a whole.
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import type { NetworkContext } from '../context.ts'
import { refusal } from '../problems.ts'

const table: [alias: string, name: string, description: string][] = [
  ['agent', 'agent', 'The hosts of the network are listed as agents.'],
  ['allowed-address-pairs', 'Allowed Address Pairs', 'Ports may speak from further addresses.'],
  ['availability_zone', 'Availability Zone', 'Zones of networks and routers.'],
  ['binding', 'Port Binding', 'Where a port is plugged in.'],
  ['default-subnetpools', 'Default Subnetpools', 'Subnets may ask for the default pool.'],
  ['external-net', 'Neutron external network', 'Networks that reach out of the cloud.'],
  ['extraroute', 'Neutron Extra Route', 'Static routes of routers.'],
  ['extraroute-atomic', 'Atomically add/remove extra routes', 'Single routes are added and removed.'],
  ['ext-gw-mode', 'Neutron L3 Configurable external gateway mode', 'Source NAT of a router can be turned off.'],
  ['fip-port-details', 'Floating IP Port Details Extension', 'Floating IPs show the port that they point at.'],
  ['filter-validation', 'Filter parameters validation', 'Filters that do not exist are refused.'],
  ['ip-substring-filtering', 'IP address substring filtering', 'Ports are found by a part of their address.'],
  ['net-mtu', 'Network MTU', 'Networks show their MTU.'],
  ['net-mtu-writable', 'Network MTU (writable)', 'The MTU of a network can be chosen.'],
  ['network_availability_zone', 'Network Availability Zone', 'Networks show their availability zones.'],
  ['network-ip-availability', 'Network IP Availability', 'How many addresses of a network are in use.'],
  ['pagination', 'Pagination support', 'Lists come in pages.'],
  ['port-security', 'Port Security', 'The filter of a port can be turned off.'],
  ['project-id', 'project_id field enabled', 'Owners are shown as project_id.'],
  ['provider', 'Provider Network', 'How networks are carried.'],
  ['quotas', 'Quota management support', 'Limits of projects.'],
  ['quota_details', 'Quota details management support', 'Limits of projects with what is used.'],
  ['rbac-policies', 'RBAC Policies', 'Networks are shared with single projects.'],
  [
    'rbac-security-groups',
    'Add security_group type to network RBAC',
    'Security groups are shared with single projects.',
  ],
  ['rbac-subnetpool', 'Add subnetpool type to network RBAC', 'Subnet pools are shared with single projects.'],
  ['router', 'Neutron L3 Router', 'Routers and floating IPs.'],
  ['router_availability_zone', 'Router Availability Zone', 'Routers show their availability zones.'],
  ['security-group', 'security-group', 'Security groups.'],
  [
    'security-groups-normalized-cidr',
    'Normalized CIDR field for security group rules',
    'Rules show their block in canonical form.',
  ],
  [
    'security-groups-shared-filtering',
    'Security group filtering on the shared field',
    'Groups are found by whether they are shared.',
  ],
  ['service-type', 'Neutron Service Type Management', 'Which services the network has.'],
  ['sorting', 'Sorting support', 'Lists are sorted as asked.'],
  ['standard-attr-description', 'standard-attr-description', 'Descriptions.'],
  ['standard-attr-revisions', 'Resource revision numbers', 'Every change counts.'],
  ['standard-attr-tag', 'Tag support for resources with standard attribute', 'Tags.'],
  ['standard-attr-timestamp', 'Resource timestamps', 'When things were made and changed.'],
  ['subnet_allocation', 'Subnet Allocation', 'Subnets from pools.'],
]

const extensions = table.map(([alias, name, description]) => ({
  alias,
  name,
  description,
  updated: '2026-01-01T00:00:00-00:00',
  links: [],
}))

export const listExtensions = async () => ok({ extensions })

export async function showExtension(_: NetworkContext, __: Call, { params }: Input) {
  const extension = extensions.find(({ alias }) => alias === params.alias)
  if (!extension) throw refusal(404, 'ExtensionNotFound', `Extension with alias ${params.alias} does not exist`)
  return ok({ extension })
}
