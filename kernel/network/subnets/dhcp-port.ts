// The port from which DHCP and metadata are served: one for each network, with an address in each subnet that wants it.
import type { Transaction } from '../../../eden/store/store.ts'
import { releaseAddresses, takeAddress, takeNextAddress } from '../addresses/allocate.ts'
import { eui64, parseCidr } from '../addresses/ip.ts'
import type { NetworkContext } from '../context.ts'
import type { Network } from '../networks/network.ts'
import { makePort } from '../ports/make.ts'
import { everyPort, type FixedIp, owners, port } from '../ports/port.ts'
import { removePort } from '../ports/remove.ts'
import { everySubnet, isAutoAddressed, subnet } from './subnet.ts'

/** Brings the DHCP port to what the network's subnets want. A subnet without a free address goes without. */
export async function refreshDhcpPort(context: NetworkContext, tx: Transaction, network: Network): Promise<void> {
  const subnets = await tx
    .rows(subnet, everySubnet)
    .list({ where: { networkId: network.id }, sort: [{ field: 'createdAt' }] })
  const served = subnets.filter(({ enableDhcp }) => enableDhcp)
  const ports = tx.rows(port, everyPort)
  const present = await ports.first({ networkId: network.id, deviceOwner: owners.dhcp })
  if (served.length === 0) {
    if (present) await removePort(tx, present)
    return
  }
  const row =
    present ??
    (await makePort(context, tx, {
      network,
      projectId: network.projectId,
      deviceOwner: owners.dhcp,
      deviceId: `dhcp-${network.id}`,
      fixedIps: [],
      portSecurityEnabled: false,
      isFree: true,
    }))
  const kept = row.fixedIps.filter(({ subnet_id }) => served.some(({ id }) => id === subnet_id))
  const gone = row.fixedIps.filter((one) => !kept.includes(one))
  if (gone.length > 0)
    await releaseAddresses(
      tx,
      row.id,
      gone.map(({ ip_address }) => ip_address),
    )
  const added: FixedIp[] = []
  for (const one of served) {
    if (kept.some(({ subnet_id }) => subnet_id === one.id)) continue
    const address = isAutoAddressed(one)
      ? await takeAddress(tx, one, eui64(parseCidr(one.cidr)!, row.macAddress), row.id)
      : await takeNextAddress(tx, one, row.id)
    if (address) added.push({ subnet_id: one.id, ip_address: address })
  }
  await ports.update(row, { fixedIps: [...kept, ...added], status: 'ACTIVE' })
}
