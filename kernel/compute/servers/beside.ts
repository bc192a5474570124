// What is shown of servers but kept elsewhere: their volumes, floating addresses, and how their host is.
import type { Call } from '../../../eden/call.ts'
import { messageOf } from '../../../eden/errors.ts'
import type { ComputeContext } from '../context.ts'
import { type BlockDevice, blockDevice } from '../volumes/block-device.ts'
import type { Server } from './server.ts'
import type { Beside } from './view.ts'

interface FloatingIp {
  port_id: string | null
  fixed_ip_address: string | null
  floating_ip_address: string
}

/** One question each for all of the servers. */
export async function besideOf(
  context: ComputeContext,
  call: Call,
  servers: readonly Server[],
): Promise<(server: Server) => Beside> {
  const [devices, floating, statuses] = await Promise.all([
    devicesOf(call, servers),
    floatingOf(context, call, servers),
    hostStatuses(context),
  ])
  return (server) => ({
    devices: devices.get(server.id) ?? [],
    floating,
    hostStatus: server.host === null ? '' : (statuses.get(server.host) ?? 'UNKNOWN'),
  })
}

export const nothingBeside: Beside = { devices: [], floating: [], hostStatus: '' }

async function devicesOf(call: Call, servers: readonly Server[]): Promise<Map<string, BlockDevice[]>> {
  const result = new Map<string, BlockDevice[]>()
  if (servers.length === 0) return result
  const rows = await call
    .rows(blockDevice)
    .list({ where: { serverId: servers.map(({ id }) => id) }, sort: [{ field: 'device' }] })
  for (const row of rows) result.set(row.serverId, [...(result.get(row.serverId) ?? []), row])
  return result
}

/** Where the network service does not answer, servers are shown without their floating addresses. */
async function floatingOf(
  { network }: ComputeContext,
  call: Call,
  servers: readonly Server[],
): Promise<Beside['floating']> {
  const ports = servers.flatMap(({ nics }) => nics.map(({ portId }) => portId))
  if (ports.length === 0) return []
  const query = ports.length <= 50 ? `?${ports.map((id) => `port_id=${id}`).join('&')}` : ''
  try {
    const { body } = await network.ask<{ floatingips: FloatingIp[] }>(call, 'GET', `/v2.0/floatingips${query}`)
    return body.floatingips
      .filter(({ port_id, fixed_ip_address }) => port_id && fixed_ip_address)
      .map((one) => ({ portId: one.port_id!, fixed: one.fixed_ip_address!, address: one.floating_ip_address }))
  } catch (error) {
    call.log.warn({ err: messageOf(error) }, 'servers are shown without floating addresses')
    return []
  }
}

async function hostStatuses({ known }: ComputeContext): Promise<Map<string, string>> {
  return new Map(
    (await known.rows()).map((host) => {
      const status = host.isDisabled ? 'MAINTENANCE' : known.isUp(host) ? 'UP' : 'DOWN'
      return [host.name, status]
    }),
  )
}
