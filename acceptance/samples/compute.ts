// Samples of everything that compute writes.
import { tinyDisk } from '../scenario.ts'
import type { Sample } from './sample.ts'

type More = Partial<Sample>

const act = (word: string, given: unknown = null, more: More = {}): Sample => ({
  ask: 'POST /v2.1/servers/{server}/action',
  body: { [word]: given },
  ...more,
})
const prepare = (of: string, ask: string, body?: unknown, more: More = {}): Sample => ({
  ask,
  of,
  prepares: true,
  ...(body !== undefined && { body }),
  ...more,
})

/** The public half of a key as OpenSSH writes it; nobody has the other half. */
const publicKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString('base64')}`

const preparation: Sample[] = [
  prepare(
    'image',
    'POST /v2/images',
    { name: 'sampled', disk_format: 'raw', container_format: 'bare' },
    {
      keeps: { image: 'id' },
    },
  ),
  prepare('image', 'PUT /v2/images/{image}/file', tinyDisk()),
  prepare('network', 'POST /v2.0/networks', { network: { name: 'servers' } }, { keeps: { network: 'network.id' } }),
  prepare(
    'network',
    'POST /v2.0/subnets',
    { subnet: { network_id: '{network}', ip_version: 4, cidr: '10.80.0.0/24' } },
    { keeps: { subnet: 'subnet.id' } },
  ),
  prepare('network', 'GET /v2.0/networks?router:external=true', undefined, { keeps: { public: 'networks.0.id' } }),
  prepare(
    'network',
    'POST /v2.0/routers',
    { router: { name: 'servers', external_gateway_info: { network_id: '{public}' } } },
    { keeps: { router: 'router.id' } },
  ),
  prepare('network', 'PUT /v2.0/routers/{router}/add_router_interface', { subnet_id: '{subnet}' }),
  prepare(
    'network',
    'POST /v2.0/floatingips',
    { floatingip: { floating_network_id: '{public}' } },
    { keeps: { floating: 'floatingip.id', floatingAddress: 'floatingip.floating_ip_address' } },
  ),
  prepare(
    'network',
    'POST /v2.0/security-groups',
    { security_group: { name: 'servers' } },
    { keeps: { group: 'security_group.id' } },
  ),
  prepare(
    'network',
    'POST /v2.0/ports',
    { port: { network_id: '{network}', name: 'given' } },
    { keeps: { port: 'port.id' } },
  ),
  prepare('volume', 'POST /v3/volumes', { volume: { name: 'servers', size: 1 } }, { keeps: { volume: 'volume.id' } }),
]

const flavors: Sample[] = [
  {
    ask: 'POST /v2.1/flavors',
    body: { flavor: { name: 'sampled', ram: 64, vcpus: 1, disk: 1 } },
    keeps: { flavor: 'flavor.id' },
  },
  { ask: 'POST /v2.1/flavors', body: { flavor: { name: 'sampled', ram: 64, vcpus: 1, disk: 1 } }, refuses: 409 },
  { ask: 'PUT /v2.1/flavors/{flavor}', body: { flavor: { description: 'changed' } } },
  { ask: 'POST /v2.1/flavors/{flavor}/os-extra_specs', body: { extra_specs: { one: '1' } } },
  { ask: 'PUT /v2.1/flavors/{flavor}/os-extra_specs/one', body: { one: '11' } },
  { ask: 'DELETE /v2.1/flavors/{flavor}/os-extra_specs/one' },
  {
    ask: 'POST /v2.1/flavors',
    body: { flavor: { name: 'private', ram: 64, vcpus: 1, disk: 1, 'os-flavor-access:is_public': false } },
    prepares: true,
    keeps: { privateFlavor: 'flavor.id' },
  },
  { ask: 'POST /v2.1/flavors/{privateFlavor}/action', body: { addTenantAccess: { tenant: '{ownProject}' } } },
  { ask: 'POST /v2.1/flavors/{privateFlavor}/action', body: { removeTenantAccess: { tenant: '{ownProject}' } } },
  { ask: 'DELETE /v2.1/flavors/{privateFlavor}' },
]

const beside: Sample[] = [
  { ask: 'POST /v2.1/os-keypairs', body: { keypair: { name: 'sampled', public_key: publicKey } } },
  {
    ask: 'POST /v2.1/os-server-groups',
    body: { server_group: { name: 'sampled', policy: 'soft-anti-affinity' } },
    keeps: { serverGroup: 'server_group.id' },
  },
]

const servers: Sample[] = [
  {
    ask: 'POST /v2.1/servers',
    body: {
      server: {
        name: 'sampled',
        imageRef: '{image}',
        flavorRef: '{flavor}',
        key_name: 'sampled',
        networks: [{ uuid: '{network}' }],
      },
      'os:scheduler_hints': { group: '{serverGroup}' },
    },
    keeps: { server: 'server.id' },
  },
  {
    ask: 'POST /v2.1/servers',
    body: { server: { name: 'sampled', imageRef: '{group}', flavorRef: '{flavor}', networks: 'none' } },
    refuses: 400,
  },
  {
    ask: 'POST /v2.1/os-volumes_boot',
    body: {
      server: {
        name: 'on a volume',
        flavorRef: '{flavor}',
        networks: 'none',
        block_device_mapping_v2: [
          {
            boot_index: 0,
            uuid: '{image}',
            source_type: 'image',
            destination_type: 'volume',
            volume_size: 1,
            delete_on_termination: true,
          },
        ],
      },
    },
    keeps: { onVolume: 'server.id' },
  },
  { ask: 'PUT /v2.1/servers/{server}', body: { server: { name: 'changed' } } },
  { ask: 'POST /v2.1/servers/{server}/metadata', body: { metadata: { one: '1' } } },
  { ask: 'PUT /v2.1/servers/{server}/metadata', body: { metadata: { two: '2' } } },
  { ask: 'PUT /v2.1/servers/{server}/metadata/two', body: { meta: { two: '22' } } },
  { ask: 'DELETE /v2.1/servers/{server}/metadata/two' },
  { ask: 'PUT /v2.1/servers/{server}/tags', body: { tags: ['one', 'two'] } },
  { ask: 'PUT /v2.1/servers/{server}/tags/three' },
  { ask: 'DELETE /v2.1/servers/{server}/tags/one' },
  { ask: 'DELETE /v2.1/servers/{server}/tags' },
  { ask: 'DELETE /v2.1/servers/{server}/os-server-password' },
  {
    ask: 'POST /v2.1/os-server-external-events',
    body: { events: [{ name: 'network-changed', server_uuid: '{server}' }] },
  },
  {
    ask: 'POST /v2.1/servers/{server}/remote-consoles',
    body: { remote_console: { protocol: 'vnc', type: 'novnc' } },
  },
]

const attached: Sample[] = [
  {
    ask: 'POST /v2.1/servers/{server}/os-interface',
    body: { interfaceAttachment: { net_id: '{network}' } },
    keeps: { nic: 'interfaceAttachment.port_id' },
  },
  { ask: 'POST /v2.1/servers/{server}/os-interface', body: { interfaceAttachment: { port_id: '{port}' } } },
  {
    ask: 'POST /v2.1/servers/{server}/os-interface',
    body: { interfaceAttachment: { port_id: '{port}' } },
    refuses: 409,
  },
  { ask: 'DELETE /v2.1/servers/{server}/os-interface/{nic}' },
  { ask: 'DELETE /v2.1/servers/{server}/os-interface/{port}' },
  {
    ask: 'POST /v2.1/servers/{server}/os-volume_attachments',
    body: { volumeAttachment: { volumeId: '{volume}' } },
  },
  {
    ask: 'PUT /v2.1/servers/{server}/os-volume_attachments/{volume}',
    body: { volumeAttachment: { volumeId: '{volume}', delete_on_termination: true } },
  },
  { ask: 'DELETE /v2.1/servers/{server}/os-volume_attachments/{volume}' },
]

const actions: Sample[] = [
  act('addSecurityGroup', { name: 'servers' }),
  act('removeSecurityGroup', { name: 'servers' }),
  act('addFloatingIp', { address: '{floatingAddress}' }, { version: '2.43' }),
  act('removeFloatingIp', { address: '{floatingAddress}' }, { version: '2.43' }),
  act('os-getConsoleOutput', { length: 10 }),
  act('os-getVNCConsole', { type: 'novnc' }, { version: '2.5' }),
  act('os-getSerialConsole', { type: 'serial' }, { version: '2.5' }),
  act('pause'),
  act('unpause'),
  act('reboot', { type: 'HARD' }),
  act('reboot', { type: 'SOFT' }),
  act('lock', { locked_reason: 'sampled' }),
  act('unlock'),
  act('createImage', { name: 'of a disk' }, { keeps: { ofDisk: 'image_id' } }),
  act(
    'createImage',
    { name: 'of volumes' },
    {
      ask: 'POST /v2.1/servers/{onVolume}/action',
      keeps: { ofVolumes: 'image_id' },
    },
  ),
  act('os-stop'),
  act('os-stop', null, { refuses: 409 }),
  act('os-start'),
  act('rebuild', { imageRef: '{image}' }),
  act('os-resetState', { state: 'error' }),
  act('os-resetState', { state: 'active' }, { prepares: true }),
]

/** What this cloud does not do yet is refused, dry or not. */
const notYet: Sample[] = [
  ...['rescue', 'shelve', 'suspend', 'migrate', 'os-migrateLive', 'evacuate', 'createBackup', 'changePassword'],
  ...['trigger_crash_dump', 'os-getSPICEConsole', 'os-getRDPConsole'],
].map((word) => act(word, null, { refuses: 501 }))

const neverBegun: Sample[] = [
  ...['confirmResize', 'revertResize', 'unrescue', 'unshelve', 'shelveOffload', 'resume', 'restore'],
].map((word) => act(word, null, { refuses: 409 }))

/** Images as compute showed them to old clients. */
const oldImages: Sample[] = [
  { ask: 'POST /v2.1/images/{ofDisk}/metadata', body: { metadata: { one: '1' } }, version: '2.38' },
  { ask: 'PUT /v2.1/images/{ofDisk}/metadata', body: { metadata: { two: '2' } }, version: '2.38' },
  { ask: 'PUT /v2.1/images/{ofDisk}/metadata/two', body: { meta: { two: '22' } }, version: '2.38' },
  { ask: 'DELETE /v2.1/images/{ofDisk}/metadata/two', version: '2.38' },
  { ask: 'DELETE /v2.1/images/{ofDisk}', version: '2.35' },
]

const operators: Sample[] = [
  {
    ask: 'POST /v2.1/os-aggregates',
    body: { aggregate: { name: 'sampled' } },
    keeps: { aggregate: 'aggregate.id' },
  },
  { ask: 'PUT /v2.1/os-aggregates/{aggregate}', body: { aggregate: { name: 'changed' } } },
  { ask: 'POST /v2.1/os-aggregates/{aggregate}/action', body: { add_host: { host: 'node1' } } },
  { ask: 'DELETE /v2.1/os-aggregates/{aggregate}', refuses: 400 },
  { ask: 'POST /v2.1/os-aggregates/{aggregate}/action', body: { set_metadata: { metadata: { one: '1' } } } },
  { ask: 'POST /v2.1/os-aggregates/{aggregate}/action', body: { remove_host: { host: 'node1' } } },
  { ask: 'DELETE /v2.1/os-aggregates/{aggregate}' },
  { ask: 'PUT /v2.1/os-quota-sets/{ownProject}', body: { quota_set: { cores: 100 } } },
  { ask: 'PUT /v2.1/os-quota-sets/{ownProject}', body: { quota_set: { cores: 0 } }, refuses: 400 },
  { ask: 'DELETE /v2.1/os-quota-sets/{ownProject}' },
  { ask: 'PUT /v2.1/os-quota-class-sets/default', body: { quota_class_set: { cores: 200 } } },
  prepare('compute', 'GET /v2.1/os-services?binary=nova-compute', undefined, {
    keeps: { computeService: 'services.0.id' },
  }),
  {
    ask: 'PUT /v2.1/os-services/{computeService}',
    body: { status: 'disabled', disabled_reason: 'sampled' },
  },
  {
    ask: 'PUT /v2.1/os-services/enable',
    body: { host: 'node1', binary: 'nova-compute' },
    version: '2.52',
  },
  { ask: 'DELETE /v2.1/os-services/{computeService}', refuses: 409 },
]

const removals: Sample[] = [
  act('forceDelete', null, { ask: 'POST /v2.1/servers/{onVolume}/action' }),
  { ask: 'DELETE /v2.1/servers/{server}' },
  { ask: 'DELETE /v2.1/os-server-groups/{serverGroup}' },
  { ask: 'DELETE /v2.1/os-keypairs/sampled' },
  { ask: 'DELETE /v2.1/flavors/{flavor}' },
]

export const computeSamples: Sample[] = [
  ...preparation,
  ...flavors,
  ...beside,
  ...servers,
  ...attached,
  ...actions,
  act('resize', { flavorRef: '{flavor}' }, { refuses: 501 }),
  ...notYet,
  ...neverBegun,
  ...oldImages,
  ...operators,
  ...removals,
]
