// DELETE /subnets/:id.
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { forgetSubnet, releaseAddresses } from '../addresses/allocate.ts'
import { allocation, book } from '../addresses/allocation.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { everyPort, owners, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { refreshDhcpPort } from './dhcp-port.ts'
import { everySubnet, isAutoAddressed, subnet } from './subnet.ts'

export async function deleteSubnet(context: NetworkContext, call: Call, { params }: Input) {
  const row = await call.rows(subnet).get(params.id!)
  const parent = await call.rows(network, everyNetwork).get(row.networkId)
  call.require('network/delete_subnet', {
    ...dressed(subnet, row, call),
    'network:project_id': parent.projectId,
    'network:tenant_id': parent.projectId,
  })
  await call.transaction((tx) => removeSubnet(context, tx, row.id))
  return noContent()
}

async function removeSubnet(context: NetworkContext, tx: Transaction, id: string) {
  const row = await tx.rows(subnet, everySubnet).get(id)
  const taken = await tx.rows(allocation, book).list({ where: { subnetId: id } })
  const users = await tx.rows(port, everyPort).list({ where: { id: [...new Set(taken.map(({ portId }) => portId))] } })
  const isAuto = isAutoAddressed(row)
  const blocking = users.find(
    ({ deviceOwner }) => deviceOwner !== owners.dhcp && !(isAuto && deviceOwner !== owners.interface),
  )
  if (blocking)
    throw refusal(
      409,
      'SubnetInUse',
      `Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`,
    )
  for (const user of users) {
    if (user.deviceOwner === owners.dhcp) continue
    await releaseAddresses(
      tx,
      user.id,
      user.fixedIps.filter(({ subnet_id }) => subnet_id === id).map((one) => one.ip_address),
    )
    await tx.rows(port, everyPort).update(user, { fixedIps: user.fixedIps.filter(({ subnet_id }) => subnet_id !== id) })
  }
  await tx.rows(subnet, everySubnet).remove(row)
  await refreshDhcpPort(context, tx, await tx.rows(network, everyNetwork).get(row.networkId))
  await forgetSubnet(tx, id)
}
