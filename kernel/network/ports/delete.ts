// DELETE /ports/:id.
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { refusal } from '../problems.ts'
import { everyPort, owners, port } from './port.ts'
import { removePort } from './remove.ts'

const kept: string[] = [owners.interface, owners.gateway, owners.floatingIp]

export async function deletePort(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(port).get(params.id!)
  const parent = await call.rows(network, everyNetwork).get(seen.networkId)
  call.require('network/delete_port', {
    ...dressed(port, seen, call),
    'network:project_id': parent.projectId,
    'network:tenant_id': parent.projectId,
  })
  await call.transaction(async (tx) => {
    const row = await tx.rows(port, everyPort).get(seen.id)
    if (kept.includes(row.deviceOwner))
      throw refusal(
        409,
        'ServicePortInUse',
        `Port ${row.id} cannot be deleted directly via the port API: has device owner ${row.deviceOwner}.`,
      )
    await removePort(tx, row)
  })
  return noContent()
}
