// What compute asks of network beyond the public API: plug a guest's ports into its host, and unplug them.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { routes } from '../../../eden/service.ts'
import type { NetworkContext } from '../context.ts'
import type { Vif } from '../driver.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { everyPort, type Port, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'

const plugSchema = Type.Object({
  host: Type.String({ minLength: 1 }),
  device_id: Type.String(),
  device_owner: Type.String(),
  hostname: Type.String(),
  port_ids: Type.Array(Type.String()),
})
const unplugSchema = Type.Object({ port_ids: Type.Array(Type.String()) })

/** Binds the ports to the host and answers when packets can flow. Repeatable. */
export async function plug(context: NetworkContext, call: Call, { body }: Input) {
  const asked = body as { host: string; device_id: string; device_owner: string; hostname: string; port_ids: string[] }
  const host = context.hosts.get(asked.host)
  if (asked.port_ids.length === 0) return ok({ ports: [] })
  await call.transaction(async (tx) => {
    const rows = tx.rows(port, everyPort)
    for (const id of asked.port_ids) {
      const row = await rows.get(id)
      if (row.deviceId !== '' && row.deviceId !== asked.device_id)
        throw refusal(
          409,
          'PortInUse',
          `Unable to complete operation on port ${id}: it is in use by device ${row.deviceId}.`,
        )
      const isHere = row.host === asked.host
      await rows.update(row, {
        host: asked.host,
        deviceId: asked.device_id,
        deviceOwner: asked.device_owner,
        hostname: asked.hostname,
        ...(!isHere && { status: 'BUILD' as const }),
      })
    }
  })
  if (call.dryRun) return ok({ ports: [] })
  await context.applier.applied(asked.host)
  const vifs = await host.ask<Record<string, Vif>>('vifs', { portIds: asked.port_ids })
  const rows = await call.rows(port, everyPort).list({ where: { id: asked.port_ids } })
  const networks = await call
    .rows(network, everyNetwork)
    .list({ where: { id: [...new Set(rows.map(({ networkId }) => networkId))] } })
  const shown = asked.port_ids.flatMap((id) => rows.filter((row) => row.id === id))
  return ok({
    ports: shown.map((row) => ({
      id: row.id,
      network_id: row.networkId,
      mac_address: row.macAddress,
      mtu: networks.find(({ id }) => id === row.networkId)?.mtu ?? context.config.mtu,
      fixed_ips: row.fixedIps,
      vif: vifs[row.id],
    })),
  })
}

/** Frees the ports from their host and answers when it has let go of them. Ports that are gone are fine. */
export async function unplug(context: NetworkContext, call: Call, { body }: Input) {
  const { port_ids } = body as { port_ids: string[] }
  const left = new Set<string>()
  await call.transaction(async (tx) => {
    const rows = tx.rows(port, everyPort)
    for (const id of port_ids) {
      const row: Port | undefined = await rows.find(id)
      if (!row) continue
      if (row.host !== '') left.add(row.host)
      await rows.update(row, { host: '', deviceId: '', deviceOwner: '', hostname: '', status: 'DOWN' })
    }
  })
  if (call.dryRun) return noContent()
  const names = context.hosts.names()
  // A host that is away is brought up to date when it is back; nobody waits for it.
  for (const host of left) if (names.includes(host) && context.hosts.get(host).isUp) await context.applier.applied(host)
  return noContent()
}

const r = routes<NetworkContext>()
export const internalRoutes = [
  r('POST', '/internal/plug', plug, { rule: 'service_api', body: plugSchema, withinMs: 120_000 }),
  r('POST', '/internal/unplug', unplug, { rule: 'service_api', body: unplugSchema, withinMs: 120_000 }),
]
