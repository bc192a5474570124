// Taking a port away inside a transaction: its addresses are free again, floating IPs that pointed at it point nowhere.
import type { Transaction } from '../../../eden/store/store.ts'
import { releaseAddresses } from '../addresses/allocate.ts'
import { everyFloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { everyPort, type Port, port } from './port.ts'

export async function removePort(tx: Transaction, row: Port): Promise<void> {
  await detachFloatingIps(tx, row.id)
  await releaseAddresses(tx, row.id)
  await tx.rows(port, everyPort).remove(row)
}

/** @param addresses only those that point at one of these; all where absent. */
export async function detachFloatingIps(tx: Transaction, portId: string, addresses?: string[]): Promise<void> {
  const rows = tx.rows(floatingIp, everyFloatingIp)
  for (const row of await rows.list({ where: { portId, ...(addresses && { fixedIpAddress: addresses }) } }))
    await rows.update(row, { portId: null, fixedIpAddress: null, routerId: null, status: 'DOWN' })
}
