// What must hold whenever nothing is under way: no in-between state, and hosts hold what the rows say and no more.
import type { Assembly } from '../eden/assembly.ts'
import { newestSeq } from '../eden/changes/feed.ts'
import { hostsOf } from './hosts.ts'

/** Waits until no job runs and the reconcilers find nothing more to write. */
export async function quiet(assembly: Assembly): Promise<void> {
  for (;;) {
    const before = await newestSeq(assembly.store)
    await assembly.jobs.idle()
    await assembly.reconcilers.triggerAll()
    if ((await newestSeq(assembly.store)) === before) return
  }
}

const inBetween: Record<string, string[]> = {
  compute_servers: ['building'],
  compute_block_devices: ['attaching', 'detaching'],
  volume_attachments: ['reserved', 'attaching', 'detaching'],
  volume_volumes: [
    'creating',
    'deleting',
    'attaching',
    'detaching',
    'extending',
    'downloading',
    'uploading',
    'reserved',
    'backing-up',
    'maintenance',
  ],
  volume_snapshots: ['creating', 'deleting'],
  image_images: ['saving', 'importing', 'uploading', 'deleting', 'pending_delete'],
  network_ports: ['BUILD'],
}

/** Everything that is not as it should be, in words; empty when all is well. */
export async function unsettled(assembly: Assembly): Promise<string[]> {
  const { reader } = assembly.store.database
  const rows = (table: string) => reader.all({ sql: `select * from ${table}`, parameters: [] })
  const wrong: string[] = []
  for (const [table, states] of Object.entries(inBetween))
    for (const row of await rows(table))
      for (const column of ['status', 'state', 'attach_status'])
        if (states.includes(String(row[column]))) wrong.push(`${table} ${row.id} is ${row[column]}`)
  for (const row of await rows('compute_servers'))
    if (row.task != null) wrong.push(`server ${row.id} is still ${row.task}`)
  for (const row of await rows('eden_jobs'))
    if (Number(row.active) === 1) wrong.push(`job ${row.number} ${row.name} is still active`)
  const hosts = await hostsOf(assembly)
  const live = async (table: string) =>
    new Set((await rows(table)).filter((row) => row.deleted_at == null).map((row) => String(row.id)))
  const servers = await live('compute_servers')
  const volumes = await live('volume_volumes')
  const ports = await live('network_ports')
  const networks = await live('network_networks')
  const routers = await live('network_routers')
  for (const [host, found] of Object.entries(hosts)) {
    const strays = (kind: string, ids: string[], known: Set<string>) => {
      for (const id of ids) if (!known.has(id)) wrong.push(`${host} has the ${kind} ${id}, which no row knows`)
    }
    if (host.startsWith('compute/'))
      strays(
        'guest',
        (found as { guests: { id: string }[] }).guests.map(({ id }) => id),
        servers,
      )
    if (host.startsWith('volume/')) strays('volume', (found as { volumes: string[] }).volumes, volumes)
    if (host.startsWith('network/')) {
      const { ports: p, networks: n, routers: r } = found as { ports: string[]; networks: string[]; routers: string[] }
      strays('port', p, ports)
      strays('network', n, networks)
      strays('router', r, routers)
    }
  }
  return wrong
}
