// What the hypervisor says of a guest: as much as its driver observes, from 2.48 in the common shape.
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import type { Observation } from '../host/operations.ts'
import { speaks } from '../versions/since.ts'
import { checkState, getServer, hostOf } from './find.ts'

export async function diagnostics({ hosts, known }: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, 'os_compute_api:os-server-diagnostics')
  checkState(call, row, { action: 'get_diagnostics', states: ['active', 'stopped', 'paused', 'error'] })
  const host = hostOf(row)
  const { guests } = await hosts.get(host).ask<Observation>('observe', {})
  const guest = guests.find(({ id }) => id === row.id)
  const hypervisor = (await known.rows()).find(({ name }) => name === host)
  if (!speaks(call, '2.48'))
    return ok({ memory: row.memoryMiB * 1024, vcpus: row.vcpus, state: guest?.power ?? 'shutdown' })
  const state = guest?.power ?? 'shutdown'
  return ok({
    state,
    driver: hypervisor?.hypervisorType ?? null,
    hypervisor: hypervisor?.hypervisorType ?? null,
    hypervisor_os: 'linux',
    uptime: row.launchedAt === null ? null : Math.floor((call.clock.now() - Date.parse(row.launchedAt)) / 1000),
    config_drive: row.hasConfigDrive,
    num_cpus: row.vcpus,
    num_nics: row.nics.length,
    num_disks: (guest?.disks.length ?? 0) + (row.imageId === null ? 0 : 1),
    memory_details: { maximum: row.memoryMiB, used: null },
    cpu_details: [],
    disk_details: [],
    nic_details: row.nics.map(({ mac }) => ({
      mac_address: mac,
      rx_octets: null,
      rx_errors: null,
      rx_drop: null,
      rx_packets: null,
      rx_rate: null,
      tx_octets: null,
      tx_errors: null,
      tx_drop: null,
      tx_packets: null,
      tx_rate: null,
    })),
  })
}
