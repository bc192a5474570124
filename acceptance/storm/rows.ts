// What the rows themselves must say when nothing is under way: no in-between states, and nothing that points at nothing.

export type SqlRow = Record<string, unknown>
/** Reads a whole table. */
export type Rows = (table: string) => Promise<SqlRow[]>

const inBetween: Record<string, { column: string; states: string[] }> = {
  compute_servers: { column: 'state', states: ['building'] },
  compute_block_devices: { column: 'state', states: ['planned', 'attaching', 'detaching'] },
  volume_volumes: {
    column: 'status',
    states: [
      ...['creating', 'deleting', 'attaching', 'detaching', 'extending', 'downloading', 'uploading', 'reserved'],
      ...['backing-up', 'maintenance', 'retyping', 'awaiting-transfer'],
    ],
  },
  volume_snapshots: { column: 'status', states: ['creating', 'deleting'] },
  volume_attachments: { column: 'attach_status', states: ['reserved', 'attaching', 'detaching'] },
  image_images: { column: 'status', states: ['saving', 'importing', 'uploading', 'deleting', 'pending_delete'] },
  network_ports: { column: 'status', states: ['BUILD'] },
}

/** States that nobody can be in for long, in words. */
export async function unsettledRows(rows: Rows): Promise<string[]> {
  const wrong: string[] = []
  for (const job of await rows('eden_jobs'))
    if (Number(job.active) === 1)
      wrong.push(`job ${job.number} ${job.name} is still ${job.state} in step ${job.step}, attempt ${job.attempt}`)
  const servers = await rows('compute_servers')
  const inError = new Set(servers.filter(({ state }) => state === 'error').map(({ id }) => id))
  for (const [table, { column, states }] of Object.entries(inBetween))
    for (const row of await rows(table)) {
      // A server that could not be built keeps what it was to have.
      if (row.state === 'planned' && inError.has(row.server_id)) continue
      if (states.includes(String(row[column]))) wrong.push(`${table} ${row.id} is ${row[column]}`)
    }
  for (const row of servers) if (row.task !== null) wrong.push(`server ${row.id} is still ${row.task}`)
  return wrong
}

const parsed = <T>(value: unknown): T => (typeof value === 'string' ? JSON.parse(value) : value) as T

/** Rows that point at rows which are not there, in words. */
export async function danglingRows(rows: Rows): Promise<string[]> {
  const wrong: string[] = []
  const byId = async (table: string) => new Map((await rows(table)).map((row) => [String(row.id), row]))
  const servers = await byId('compute_servers')
  const volumes = await byId('volume_volumes')
  const ports = await byId('network_ports')
  const networks = await byId('network_networks')
  const subnets = await byId('network_subnets')
  const routers = await byId('network_routers')
  const floatingIps = await byId('network_floatingips')
  const attachments = await byId('volume_attachments')
  const needs = (what: string, id: unknown, known: ReadonlyMap<string, unknown>, kind: string) => {
    if (id !== null && id !== '' && !known.has(String(id)))
      wrong.push(`${what} points at ${kind} ${id}, which is not there`)
  }

  const allocations = await rows('network_allocations')
  for (const { address, port_id, subnet_id } of allocations) {
    needs(`address ${address}`, port_id, ports, 'port')
    needs(`address ${address}`, subnet_id, subnets, 'subnet')
  }
  const allocated = new Set(allocations.map(({ subnet_id, address, port_id }) => `${subnet_id} ${address} ${port_id}`))
  for (const port of ports.values()) {
    const what = `port ${port.id}`
    needs(what, port.network_id, networks, 'network')
    for (const { subnet_id, ip_address } of parsed<{ subnet_id: string; ip_address: string }[]>(port.fixed_ips))
      if (!allocated.has(`${subnet_id} ${ip_address} ${port.id}`))
        wrong.push(`${what} has ${ip_address} without the book`)
    const owner = String(port.device_owner)
    if (owner.startsWith('compute:')) needs(what, port.device_id, servers, 'server')
    if (owner === 'network:floatingip') needs(what, port.device_id, floatingIps, 'floating IP')
    if (owner.startsWith('network:router')) needs(what, port.device_id, routers, 'router')
    if (port.host !== '' && port.device_id === '') wrong.push(`${what} is on ${port.host} for nobody`)
  }
  for (const row of subnets.values()) needs(`subnet ${row.id}`, row.network_id, networks, 'network')
  for (const row of floatingIps.values()) {
    needs(`floating IP ${row.id}`, row.port_id, ports, 'port')
    needs(`floating IP ${row.id}`, row.floating_port_id, ports, 'its own port')
    needs(`floating IP ${row.id}`, row.router_id, routers, 'router')
  }
  for (const row of await rows('volume_snapshots')) needs(`snapshot ${row.id}`, row.volume_id, volumes, 'volume')

  const devices = await rows('compute_block_devices')
  for (const row of devices) {
    needs(`block device ${row.id}`, row.server_id, servers, 'server')
    needs(`block device ${row.id}`, row.volume_id, volumes, 'volume')
    needs(`block device ${row.id}`, row.attachment_id, attachments, 'attachment')
  }
  const held = new Set(devices.map(({ attachment_id }) => attachment_id))
  for (const row of attachments.values()) {
    needs(`attachment ${row.id}`, row.volume_id, volumes, 'volume')
    needs(`attachment ${row.id}`, row.instance_id, servers, 'server')
    if (!held.has(row.id)) wrong.push(`attachment ${row.id} belongs to no block device`)
  }
  const attached = new Set([...attachments.values()].map(({ volume_id }) => volume_id))
  for (const { id, status } of volumes.values())
    if ((status === 'in-use') !== attached.has(id) && !String(status).startsWith('error'))
      wrong.push(`volume ${id} is ${status} with ${attached.has(id) ? 'an' : 'no'} attachment`)
  for (const { id, server_id, events, action } of await rows('compute_instance_actions'))
    if (servers.has(String(server_id)))
      for (const event of parsed<{ event: string; finish_time?: string | null; finishedAt?: string | null }[]>(events))
        if (event.finish_time === null || event.finishedAt === null)
          wrong.push(`action ${id} (${action}) has not ended`)
  return wrong
}

/** What hosts say that they hold; the shapes of the three drivers' `observe`. */
export interface Observed {
  guests: { id: string; power: string; disks: string[]; nics: string[] }[]
  networks: { networks: string[]; ports: string[]; routers: string[]; floatingIps: string[] }
  volumes: { volumes: string[]; snapshots: { id: string; volumeId: string }[]; connected: string[] }
}

const powers: Record<string, string> = { active: 'running', stopped: 'shutdown', paused: 'paused' }

/** Where one host and the rows differ, in words. */
export async function hostDifferences(rows: Rows, host: string, observed: Observed): Promise<string[]> {
  const wrong: string[] = []
  const compare = (kind: string, wanted: Iterable<unknown>, found: Iterable<string>) => {
    const [should, does] = [new Set([...wanted].map(String)), new Set(found)]
    for (const id of does) if (!should.has(id)) wrong.push(`${host} has the ${kind} ${id}, which no row wants`)
    for (const id of should) if (!does.has(id)) wrong.push(`${host} lacks the ${kind} ${id}`)
  }
  const idsOf = (list: SqlRow[]) => list.map(({ id }) => id)
  const servers = (await rows('compute_servers')).filter((row) => row.host === host)
  const devices = await rows('compute_block_devices')
  const ports = await rows('network_ports')
  compare(
    'guest',
    idsOf(servers),
    observed.guests.map(({ id }) => id),
  )
  for (const { id, power, disks, nics } of observed.guests) {
    const row = servers.find((one) => one.id === id)
    if (!row || row.state === 'error') continue
    if (powers[String(row.state)] !== power) wrong.push(`server ${id} is ${row.state}, its guest is ${power}`)
    const of = `of guest ${id}`
    compare(
      `disk ${of}`,
      devices.filter((one) => one.server_id === id).map((one) => one.volume_id),
      disks,
    )
    compare(`card ${of}`, idsOf(ports.filter((one) => one.device_id === id)), nics)
  }
  const routers = (await rows('network_routers')).filter((row) => row.host === host)
  const plugged = ports.filter((row) => row.host === host && !String(row.device_owner).startsWith('network:'))
  const legs = ports.filter((one) => routers.some(({ id }) => id === one.device_id))
  compare('port', idsOf(plugged), observed.networks.ports)
  compare('router', idsOf(routers), observed.networks.routers)
  compare(
    'network',
    [...plugged, ...legs].map(({ network_id }) => network_id),
    observed.networks.networks,
  )
  const floating = (await rows('network_floatingips')).filter(
    ({ router_id, port_id }) => port_id !== null && routers.some(({ id }) => id === router_id),
  )
  compare('floating IP', idsOf(floating), observed.networks.floatingIps)
  for (const row of floating) if (row.status !== 'ACTIVE') wrong.push(`floating IP ${row.id} is ${row.status}`)
  const volumes = (await rows('volume_volumes')).filter((row) => row.host === host)
  compare('volume', idsOf(volumes), observed.volumes.volumes)
  compare(
    'snapshot',
    idsOf(await rows('volume_snapshots')),
    observed.volumes.snapshots.map(({ id }) => id),
  )
  const connections = (await rows('volume_attachments')).filter(({ connection }) => connection !== null)
  compare(
    'connected volume',
    connections.map(({ volume_id }) => volume_id),
    observed.volumes.connected,
  )
  return wrong
}
