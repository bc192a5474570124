// One walk through the whole cloud, as requests: what sweeps repeat under dry run, failures and other databases.
import type { Answer, Ask } from './client.ts'
import { until } from './client.ts'

type Made = Record<string, string>

const micro = { 'openstack-api-version': 'compute 2.79' }
const volumeMicro = { 'openstack-api-version': 'volume 3.59' }

/** A disk of 1 MiB whose boot sector halts: enough for simulated guests, harmless for real ones. */
export function tinyDisk(): Buffer {
  const disk = Buffer.alloc(1024 * 1024)
  disk.set([0xfa, 0xf4, 0xeb, 0xfd])
  disk.set([0x55, 0xaa], 510)
  return disk
}

function expect(answer: Answer, what: string): Answer {
  if (answer.status >= 400) throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 500)}`)
  return answer
}

const at = (answer: Answer, ...path: string[]) =>
  String(path.reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], answer.body))

/** Makes image, network, router, group, key, server with floating IP, volume, attachment and snapshot. */
export async function build(ask: Ask, tag = 'walk'): Promise<Made> {
  const made: Made = {}
  const does = async (
    service: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => expect(await ask(service, method, path, body, headers), `${method} ${service}${path}`)

  made.image = at(
    await does('image', 'POST', '/v2/images', { name: tag, disk_format: 'raw', container_format: 'bare' }),
    'id',
  )
  await does('image', 'PUT', `/v2/images/${made.image}/file`, tinyDisk())
  made.network = at(await does('network', 'POST', '/v2.0/networks', { network: { name: tag } }), 'network', 'id')
  made.subnet = at(
    await does('network', 'POST', '/v2.0/subnets', {
      subnet: { name: tag, network_id: made.network, ip_version: 4, cidr: '10.77.0.0/24' },
    }),
    'subnet',
    'id',
  )
  const publics = await does('network', 'GET', '/v2.0/networks?router:external=true')
  made.public = String((publics.body.networks as { id: string }[])[0]?.id)
  made.router = at(
    await does('network', 'POST', '/v2.0/routers', {
      router: { name: tag, external_gateway_info: { network_id: made.public } },
    }),
    'router',
    'id',
  )
  await does('network', 'PUT', `/v2.0/routers/${made.router}/add_router_interface`, { subnet_id: made.subnet })
  made.group = at(
    await does('network', 'POST', '/v2.0/security-groups', { security_group: { name: tag } }),
    'security_group',
    'id',
  )
  made.rule = at(
    await does('network', 'POST', '/v2.0/security-group-rules', {
      security_group_rule: {
        security_group_id: made.group,
        direction: 'ingress',
        protocol: 'tcp',
        port_range_min: 22,
        port_range_max: 22,
      },
    }),
    'security_group_rule',
    'id',
  )
  made.port = at(
    await does('network', 'POST', '/v2.0/ports', {
      port: { network_id: made.network, name: tag, security_groups: [made.group] },
    }),
    'port',
    'id',
  )
  made.floating = at(
    await does('network', 'POST', '/v2.0/floatingips', {
      floatingip: { floating_network_id: made.public, port_id: made.port },
    }),
    'floatingip',
    'id',
  )
  made.key = at(await does('compute', 'POST', '/v2.1/os-keypairs', { keypair: { name: tag } }), 'keypair', 'name')
  const flavors = await does('compute', 'GET', '/v2.1/flavors')
  const [flavor] = flavors.body.flavors as { id: string }[]
  made.server = at(
    await does(
      'compute',
      'POST',
      '/v2.1/servers',
      {
        server: {
          name: tag,
          imageRef: made.image,
          flavorRef: flavor!.id,
          key_name: made.key,
          networks: [{ port: made.port }],
        },
      },
      micro,
    ),
    'server',
    'id',
  )
  await untilServer(ask, made.server, 'ACTIVE')
  made.volume = at(
    await does('volume', 'POST', '/v3/volumes', { volume: { name: tag, size: 1 } }, volumeMicro),
    'volume',
    'id',
  )
  await untilVolume(ask, made.volume, 'available')
  await does(
    'compute',
    'POST',
    `/v2.1/servers/${made.server}/os-volume_attachments`,
    { volumeAttachment: { volumeId: made.volume } },
    micro,
  )
  await untilAttached(ask, made.server, made.volume)
  made.snapshot = at(
    await does(
      'volume',
      'POST',
      '/v3/snapshots',
      { snapshot: { volume_id: made.volume, force: true, name: tag } },
      volumeMicro,
    ),
    'snapshot',
    'id',
  )
  await until(
    'the snapshot',
    async () => {
      const answer = await ask('volume', 'GET', `/v3/snapshots/${made.snapshot}`)
      if (at(answer, 'snapshot', 'status') === 'error') throw new Error(`the snapshot failed: ${answer.text}`)
      return answer
    },
    (a) => at(a, 'snapshot', 'status') === 'available',
  )
  return made
}

/** What a server is put through in its life. */
export async function exercise(ask: Ask, made: Made): Promise<void> {
  const act = async (body: unknown, state: string) => {
    expect(await ask('compute', 'POST', `/v2.1/servers/${made.server}/action`, body, micro), JSON.stringify(body))
    // The task is there with the reply, so its end is the action's end, whichever way it went.
    const ended = await until(
      `server ${made.server} to be at rest`,
      () => ask('compute', 'GET', `/v2.1/servers/${made.server}`, undefined, micro),
      (answer) => at(answer, 'server', 'OS-EXT-STS:task_state') === 'null',
    )
    if (at(ended, 'server', 'status') !== state) throw new Error(`the server is not ${state}: ${ended.text}`)
  }
  await act({ 'os-stop': null }, 'SHUTOFF')
  await act({ 'os-start': null }, 'ACTIVE')
  await act({ reboot: { type: 'HARD' } }, 'ACTIVE')
  await act({ pause: null }, 'PAUSED')
  await act({ unpause: null }, 'ACTIVE')
  await act({ rebuild: { imageRef: made.image } }, 'ACTIVE')
  const cards = `/v2.1/servers/${made.server}/os-interface`
  const card = expect(
    await ask('compute', 'POST', cards, { interfaceAttachment: { net_id: made.network } }),
    'another card',
  )
  const path = `${cards}/${at(card, 'interfaceAttachment', 'port_id')}`
  expect(await ask('compute', 'DELETE', path), 'without the card')
  await until(
    'the card to go',
    () => ask('compute', 'GET', path),
    ({ status }) => status === 404,
    5000,
  )
}

/** Takes all of it away again; what is gone already is fine. */
export async function tearDown(ask: Ask, made: Made, withinMs = 30_000): Promise<void> {
  const does = async (
    service: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => {
    const answer = await ask(service, method, path, body, headers)
    if (answer.status !== 404) expect(answer, `${method} ${service}${path}`)
  }
  const gone = (service: string, path: string) =>
    until(
      `${path} to go`,
      () => ask(service, 'GET', path),
      ({ status }) => status === 404,
      withinMs,
    )
  if (made.snapshot) {
    await does('volume', 'DELETE', `/v3/snapshots/${made.snapshot}`)
    await gone('volume', `/v3/snapshots/${made.snapshot}`)
  }
  if (made.server && made.volume) {
    const path = `/v2.1/servers/${made.server}/os-volume_attachments/${made.volume}`
    const answer = await ask('compute', 'DELETE', path)
    // A server in error keeps its volumes until it goes.
    if (answer.status < 300) await gone('compute', path)
    else if (answer.status !== 404 && answer.status !== 409) expect(answer, `DELETE ${path}`)
  }
  if (made.server) {
    await does('compute', 'DELETE', `/v2.1/servers/${made.server}`)
    await gone('compute', `/v2.1/servers/${made.server}`)
  }
  if (made.volume) {
    await does('volume', 'DELETE', `/v3/volumes/${made.volume}`)
    await gone('volume', `/v3/volumes/${made.volume}`)
  }
  if (made.floating) await does('network', 'DELETE', `/v2.0/floatingips/${made.floating}`)
  if (made.port) await does('network', 'DELETE', `/v2.0/ports/${made.port}`)
  if (made.router && made.subnet)
    await does('network', 'PUT', `/v2.0/routers/${made.router}/remove_router_interface`, { subnet_id: made.subnet })
  if (made.router) await does('network', 'DELETE', `/v2.0/routers/${made.router}`)
  if (made.network) await does('network', 'DELETE', `/v2.0/networks/${made.network}`)
  if (made.group) await does('network', 'DELETE', `/v2.0/security-groups/${made.group}`)
  if (made.key) await does('compute', 'DELETE', `/v2.1/os-keypairs/${made.key}`)
  if (made.image) await does('image', 'DELETE', `/v2/images/${made.image}`)
}

export const untilServer = (ask: Ask, id: string, status: string) =>
  until(
    `server ${id} to be ${status}`,
    async () => {
      const answer = await ask('compute', 'GET', `/v2.1/servers/${id}`, undefined, micro)
      if (status !== 'ERROR' && at(answer, 'server', 'status') === 'ERROR')
        throw new Error(`the server failed: ${answer.text}`)
      return answer
    },
    (answer) => at(answer, 'server', 'status') === status && at(answer, 'server', 'OS-EXT-STS:task_state') === 'null',
  )

const untilAttached = (ask: Ask, server: string, volume: string) =>
  until(
    `volume ${volume} to be attached`,
    async () => {
      const held = await ask('compute', 'GET', `/v2.1/servers/${server}/os-volume_attachments/${volume}`)
      if (held.status === 404) throw new Error('the attachment failed')
      return ask('volume', 'GET', `/v3/volumes/${volume}`)
    },
    (answer) => at(answer, 'volume', 'status') === 'in-use',
  )

export const untilVolume = (ask: Ask, id: string, status: string) =>
  until(
    `volume ${id} to be ${status}`,
    async () => {
      const answer = await ask('volume', 'GET', `/v3/volumes/${id}`)
      if (at(answer, 'volume', 'status').startsWith('error')) throw new Error(`the volume failed: ${answer.text}`)
      return answer
    },
    (answer) => at(answer, 'volume', 'status') === status,
  )
