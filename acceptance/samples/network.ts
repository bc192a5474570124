// Samples of everything that network writes.
import type { Sample } from './sample.ts'

const networks: Sample[] = [
  {
    ask: 'GET /v2.0/networks?router:external=true',
    prepares: true,
    keeps: { public: 'networks.0.id' },
  },
  { ask: 'POST /v2.0/networks', body: { network: { name: 'sampled' } }, keeps: { network: 'network.id' } },
  { ask: 'PUT /v2.0/networks/{network}', body: { network: { name: 'changed' } } },
  {
    ask: 'POST /v2.0/subnetpools',
    body: { subnetpool: { name: 'sampled', prefixes: ['10.78.0.0/16'], min_prefixlen: 24 } },
    keeps: { pool: 'subnetpool.id' },
  },
  { ask: 'PUT /v2.0/subnetpools/{pool}', body: { subnetpool: { name: 'changed' } } },
  {
    ask: 'POST /v2.0/subnets',
    body: { subnet: { network_id: '{network}', ip_version: 4, cidr: '10.77.0.0/24' } },
    keeps: { subnet: 'subnet.id' },
  },
  {
    ask: 'POST /v2.0/subnets',
    body: { subnet: { network_id: '{network}', ip_version: 4, subnetpool_id: '{pool}', prefixlen: 24 } },
    keeps: { pooled: 'subnet.id' },
  },
  {
    ask: 'POST /v2.0/subnets',
    body: { subnet: { network_id: '{network}', ip_version: 4, cidr: '10.77.0.0/25' } },
    refuses: 400,
  },
  { ask: 'PUT /v2.0/subnets/{subnet}', body: { subnet: { name: 'changed' } } },
]

const groups: Sample[] = [
  {
    ask: 'POST /v2.0/security-groups',
    body: { security_group: { name: 'sampled' } },
    keeps: { group: 'security_group.id' },
  },
  { ask: 'PUT /v2.0/security-groups/{group}', body: { security_group: { name: 'changed' } } },
  {
    ask: 'POST /v2.0/security-group-rules',
    body: { security_group_rule: { security_group_id: '{group}', direction: 'ingress', protocol: 'icmp' } },
    keeps: { rule: 'security_group_rule.id' },
  },
]

const ports: Sample[] = [
  {
    ask: 'POST /v2.0/ports',
    body: {
      port: { network_id: '{network}', security_groups: ['{group}'], fixed_ips: [{ subnet_id: '{subnet}' }] },
    },
    keeps: { port: 'port.id' },
  },
  { ask: 'PUT /v2.0/ports/{port}', body: { port: { name: 'changed' } } },
  {
    ask: 'POST /internal/plug',
    asCloud: true,
    body: {
      host: 'node1',
      device_id: 'sampled',
      device_owner: 'compute:nova',
      hostname: 'sampled',
      port_ids: ['{port}'],
    },
  },
  { ask: 'DELETE /v2.0/security-groups/{group}', refuses: 409 },
  { ask: 'POST /internal/unplug', asCloud: true, body: { port_ids: ['{port}'] } },
]

const routers: Sample[] = [
  {
    ask: 'POST /v2.0/routers',
    body: { router: { name: 'sampled', external_gateway_info: { network_id: '{public}' } } },
    keeps: { router: 'router.id' },
  },
  { ask: 'PUT /v2.0/routers/{router}', body: { router: { name: 'changed' } } },
  { ask: 'PUT /v2.0/routers/{router}/add_router_interface', body: { subnet_id: '{subnet}' } },
  {
    ask: 'PUT /v2.0/routers/{router}/add_extraroutes',
    body: { router: { routes: [{ destination: '10.79.0.0/24', nexthop: '10.77.0.9' }] } },
  },
  { ask: 'PUT /v2.0/routers/{router}/remove_router_interface', body: { subnet_id: '{subnet}' }, refuses: 409 },
  {
    ask: 'PUT /v2.0/routers/{router}/remove_extraroutes',
    body: { router: { routes: [{ destination: '10.79.0.0/24', nexthop: '10.77.0.9' }] } },
  },
  {
    ask: 'POST /v2.0/floatingips',
    body: { floatingip: { floating_network_id: '{public}', port_id: '{port}' } },
    keeps: { floating: 'floatingip.id' },
  },
  { ask: 'PUT /v2.0/floatingips/{floating}', body: { floatingip: { description: 'changed' } } },
]

const tags: Sample[] = [
  'networks/{network}',
  'subnets/{subnet}',
  'ports/{port}',
  'routers/{router}',
  'floatingips/{floating}',
  'security-groups/{group}',
  'subnetpools/{pool}',
].flatMap((tagged) => [
  { ask: `PUT /v2.0/${tagged}/tags`, body: { tags: ['one', 'two'] } },
  { ask: `PUT /v2.0/${tagged}/tags/three` },
  { ask: `DELETE /v2.0/${tagged}/tags/one` },
  { ask: `DELETE /v2.0/${tagged}/tags` },
])

const operators: Sample[] = [
  {
    ask: 'POST /v2.0/rbac-policies',
    body: {
      rbac_policy: {
        object_type: 'network',
        object_id: '{network}',
        action: 'access_as_shared',
        target_tenant: 'somebody',
      },
    },
    keeps: { rbac: 'rbac_policy.id' },
  },
  { ask: 'PUT /v2.0/rbac-policies/{rbac}', body: { rbac_policy: { target_tenant: 'somebody-else' } } },
  { ask: 'DELETE /v2.0/rbac-policies/{rbac}' },
  { ask: 'PUT /v2.0/quotas/{ownProject}', body: { quota: { network: 50 } } },
  { ask: 'DELETE /v2.0/quotas/{ownProject}' },
]

const removals: Sample[] = [
  { ask: 'DELETE /v2.0/floatingips/{floating}' },
  { ask: 'PUT /v2.0/routers/{router}/remove_router_interface', body: { subnet_id: '{subnet}' } },
  { ask: 'DELETE /v2.0/routers/{router}' },
  { ask: 'DELETE /v2.0/ports/{port}' },
  { ask: 'DELETE /v2.0/security-group-rules/{rule}' },
  { ask: 'DELETE /v2.0/security-groups/{group}' },
  { ask: 'DELETE /v2.0/subnetpools/{pool}', refuses: 409 },
  { ask: 'DELETE /v2.0/subnets/{pooled}' },
  { ask: 'DELETE /v2.0/subnets/{subnet}' },
  { ask: 'DELETE /v2.0/subnetpools/{pool}' },
  { ask: 'DELETE /v2.0/networks/{network}' },
]

export const networkSamples: Sample[] = [
  ...networks,
  ...groups,
  ...ports,
  ...routers,
  ...tags,
  ...operators,
  ...removals,
]
