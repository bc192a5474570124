// DELETE /networks/:id, with its subnets and what the network itself has plugged in.
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { forgetSubnet } from '../addresses/allocate.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyFloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { everyPort, owners, port } from '../ports/port.ts'
import { removePort } from '../ports/remove.ts'
import { refusal } from '../problems.ts'
import { everyPolicy, rbacPolicy } from '../rbac/policy.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { everyNetwork, network } from './network.ts'

export async function deleteNetwork(_: NetworkContext, call: Call, { params }: Input) {
  const row = await call.rows(network).get(params.id!)
  call.require('network/delete_network', dressed(network, row, call))
  await call.transaction((tx) => removeNetwork(tx, row.id))
  return noContent()
}

async function removeNetwork(tx: Transaction, id: string) {
  const row = await tx.rows(network, everyNetwork).get(id)
  await removeIdleFloatingIps(tx, id)
  const ports = await tx.rows(port, everyPort).list({ where: { networkId: id } })
  if (ports.some(({ deviceOwner }) => deviceOwner !== owners.dhcp))
    throw refusal(
      409,
      'NetworkInUse',
      `Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is ${ports
        .filter(({ deviceOwner }) => deviceOwner !== owners.dhcp)
        .map((one) => one.id)
        .join(',')}.`,
    )
  for (const one of ports) await removePort(tx, one)
  for (const one of await tx.rows(subnet, everySubnet).list({ where: { networkId: id } })) {
    await forgetSubnet(tx, one.id)
    await tx.rows(subnet, everySubnet).remove(one)
  }
  await tx.rows(rbacPolicy, everyPolicy).removeAll({ objectId: id })
  await tx.rows(network, everyNetwork).remove(row)
}

/** Floating IPs that point nowhere go with their network; one that points at a port keeps it. */
async function removeIdleFloatingIps(tx: Transaction, networkId: string) {
  const rows = tx.rows(floatingIp, everyFloatingIp)
  for (const row of await rows.list({ where: { floatingNetworkId: networkId, portId: null } })) {
    await rows.remove(row)
    const outer = await tx.rows(port, everyPort).find(row.floatingPortId)
    if (outer) await removePort(tx, outer)
  }
}
