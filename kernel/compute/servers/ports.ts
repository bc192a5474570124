// The ports of a server: made, plugged into its host, and given back.
import { type Call, cloudCredentials } from '../../../eden/call.ts'
import { isProblem } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Vif } from '../../network/driver.ts'
import type { ComputeContext } from '../context.ts'
import { type Nic, type Server, server, type WantedNic } from './server.ts'

export interface Port {
  id: string
  network_id: string
  mac_address: string
  fixed_ips: { subnet_id: string; ip_address: string }[]
}

interface Plugged extends Port {
  mtu: number
  vif: Vif
}

/** The cloud at work on behalf of a request, dry where that is; ports are plugged by the cloud, not by the user. */
export const asCloud = (call: Call) =>
  call.within('compute', { credentials: cloudCredentials, sees: 'all', deadline: Number.MAX_SAFE_INTEGER })

export async function portsOf({ network }: ComputeContext, call: Call, serverId: string): Promise<Port[]> {
  const { body } = await network.ask<{ ports: Port[] }>(asCloud(call), 'GET', `/v2.0/ports?device_id=${serverId}`)
  return body.ports
}

/** Makes the ports that are missing; asked again after a crash it finds those that it made. */
export async function makePorts(
  context: ComputeContext,
  call: Call,
  row: Pick<Server, 'id' | 'projectId' | 'zone'>,
  wanted: readonly WantedNic[],
  securityGroups: string[] | undefined,
): Promise<string[]> {
  const present = wanted.some(({ portId }) => portId === undefined) ? await portsOf(context, call, row.id) : []
  const foreign = new Set(wanted.map(({ portId }) => portId))
  const spare = present.filter(({ id }) => !foreign.has(id))
  const ids: (string | undefined)[] = wanted.map(({ portId, networkId, fixedIp }) => {
    if (portId !== undefined) return portId
    const at = spare.findIndex(
      (port) =>
        port.network_id === networkId && (!fixedIp || port.fixed_ips.some(({ ip_address }) => ip_address === fixedIp)),
    )
    return at < 0 ? undefined : spare.splice(at, 1)[0]!.id
  })
  const missing = wanted.filter((_, index) => ids[index] === undefined)
  if (missing.length > 0) {
    const { body } = await context.network.ask<{ ports: Port[] }>(call, 'POST', '/v2.0/ports', {
      body: {
        ports: missing.map(({ networkId, fixedIp }) => ({
          network_id: networkId,
          admin_state_up: true,
          device_id: row.id,
          device_owner: deviceOwner(row),
          ...(row.projectId !== call.credentials.projectId && { tenant_id: row.projectId }),
          ...(fixedIp && { fixed_ips: [{ ip_address: fixedIp }] }),
          ...(securityGroups && { security_groups: securityGroups }),
        })),
      },
    })
    for (const { id } of body.ports) ids[ids.indexOf(undefined)] = id
  }
  return ids as string[]
}

const deviceOwner = ({ zone }: Pick<Server, 'zone'>) => `compute:${zone ?? 'nova'}`

/** Binds ports to the server's host, and waits until the host has them. */
export async function plug(
  { network }: ComputeContext,
  call: Call,
  row: Pick<Server, 'id' | 'host' | 'hostname' | 'zone'>,
  portIds: string[],
): Promise<Plugged[]> {
  if (portIds.length === 0) return []
  const { body } = await network.ask<{ ports: Plugged[] }>(asCloud(call), 'POST', '/internal/plug', {
    body: {
      host: row.host,
      device_id: row.id,
      device_owner: deviceOwner(row),
      hostname: row.hostname,
      port_ids: portIds,
    },
  })
  return portIds.map((id) => body.ports.find((port) => port.id === id)!)
}

export const nicOf = (port: Plugged, wanted: WantedNic): Nic => ({
  portId: port.id,
  networkId: port.network_id,
  networkName: wanted.networkName,
  mac: port.mac_address,
  mtu: port.mtu,
  fixedIps: port.fixed_ips.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })),
  vif: port.vif,
  tag: wanted.tag ?? null,
  isForeign: wanted.portId !== undefined,
})

/** Makes, plugs: what a new server needs before it can be launched. */
export async function readyNics(
  context: ComputeContext,
  call: Call,
  row: Server,
  wanted: readonly WantedNic[],
  securityGroups: string[] | undefined,
): Promise<Nic[]> {
  if (wanted.length === 0) return []
  const ids = await makePorts(context, call, row, wanted, securityGroups)
  const plugged = await plug(context, call, row, ids)
  return plugged.map((port, index) => nicOf(port, wanted[index]!))
}

/** Plugs the cards that the server has into its host again. Cards whose ports were deleted meanwhile are the server's no more. */
export async function plugAgain(context: ComputeContext, call: Call, row: Server): Promise<Nic[]> {
  if (row.nics.length === 0) return []
  const there = new Set((await portsOf(context, call, row.id)).map(({ id }) => id))
  const kept = row.nics.filter(({ portId }) => there.has(portId))
  const plugged = await plug(
    context,
    call,
    row,
    kept.map(({ portId }) => portId),
  )
  if (kept.length < row.nics.length)
    await call.transaction((tx) =>
      tx.rows(server, everyone('the job serves whoever asked for it')).change(row.id, {
        nics: kept,
        wantedNics: row.wantedNics.filter(({ portId }) => portId === undefined || there.has(portId)),
      }),
    )
  return kept.map((nic, index) => ({ ...nic, vif: plugged[index]!.vif, mtu: plugged[index]!.mtu }))
}

/** Deletes the ports that were made for the server, and gives the caller's own back. */
export async function releasePorts(
  context: ComputeContext,
  call: Call,
  row: Pick<Server, 'id' | 'wantedNics' | 'nics'>,
): Promise<void> {
  const present = await portsOf(context, call, row.id)
  await releaseThese(
    context,
    call,
    present.map(({ id }) => id),
    foreignPorts(row),
  )
}

export const foreignPorts = ({ wantedNics, nics }: Pick<Server, 'wantedNics' | 'nics'>): Set<string> =>
  new Set([
    ...wantedNics.flatMap(({ portId }) => portId ?? []),
    ...nics.filter(({ isForeign }) => isForeign).map(({ portId }) => portId),
  ])

export async function releaseThese(
  { network }: ComputeContext,
  call: Call,
  portIds: string[],
  foreign: ReadonlySet<string>,
): Promise<void> {
  const cloud = asCloud(call)
  const back = portIds.filter((id) => foreign.has(id))
  if (back.length > 0) await network.ask(cloud, 'POST', '/internal/unplug', { body: { port_ids: back } })
  for (const id of portIds) if (!foreign.has(id)) await absentIsFine(network.ask(cloud, 'DELETE', `/v2.0/ports/${id}`))
}

/** What is gone already need not be taken away. */
export async function absentIsFine<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking
  } catch (error) {
    if (isProblem(error) && error.status === 404) return undefined
    throw error
  }
}
