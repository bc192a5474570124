// After an apply: what now works is said to work. The in-between states belong to the applier, which never gives up.
import { cloudCall, type Ground } from '../../../eden/call.ts'
import type { HostNetworks } from '../driver.ts'
import { everyFloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { everyPort, type Port, port } from '../ports/port.ts'
import type { Picture } from './picture.ts'

const due = ({ adminStateUp }: Pick<Port, 'adminStateUp'>): Port['status'] => (adminStateUp ? 'ACTIVE' : 'DOWN')

export async function settle(ground: Ground, picture: Picture, host: string, applied: HostNetworks): Promise<void> {
  const legs = applied.routers.flatMap(({ interfaces, gateway }) => [
    ...interfaces.map(({ portId }) => portId),
    ...(gateway ? [gateway.portId] : []),
  ])
  const guests = new Set(applied.ports.map(({ id }) => id))
  const ports = [...guests, ...legs].filter((id) => {
    const row = picture.ports.get(id)
    return row && row.status !== due(row)
  })
  const floating = applied.routers
    .flatMap((router) => router.floatingIps)
    .filter(({ id }) => picture.floatingIps.get(id)?.status !== 'ACTIVE')
  if (ports.length === 0 && floating.length === 0) return
  await ground.store.transaction(cloudCall(ground, 'network'), async (tx) => {
    for (const id of ports) {
      const row = await tx.rows(port, everyPort).find(id)
      if (!row || (guests.has(id) && row.host !== host)) continue
      await tx.rows(port, everyPort).update(row, { status: due(row) })
    }
    for (const { id, fixedAddress } of floating) {
      const row = await tx.rows(floatingIp, everyFloatingIp).find(id)
      if (row?.fixedIpAddress === fixedAddress)
        await tx.rows(floatingIp, everyFloatingIp).update(row, { status: 'ACTIVE' })
    }
  })
}
