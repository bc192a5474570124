// A new IPv6 subnet whose addresses come from MACs reaches the ports that are on the network already.
import type { Transaction } from '../../../eden/store/store.ts'
import { takeAddress } from '../addresses/allocate.ts'
import { eui64, parseCidr } from '../addresses/ip.ts'
import { everyPort, isNetworkDevice, port } from '../ports/port.ts'
import { isAutoAddressed, type Subnet } from './subnet.ts'

export async function addAutoAddresses(tx: Transaction, subnet: Subnet): Promise<void> {
  if (!isAutoAddressed(subnet)) return
  const cidr = parseCidr(subnet.cidr)!
  const ports = await tx.rows(port, everyPort).list({ where: { networkId: subnet.networkId } })
  for (const row of ports) {
    if (isNetworkDevice(row.deviceOwner)) continue
    const address = await takeAddress(tx, subnet, eui64(cidr, row.macAddress), row.id)
    await tx.rows(port, everyPort).update(row, {
      fixedIps: [...row.fixedIps, { subnet_id: subnet.id, ip_address: address }],
    })
  }
}
