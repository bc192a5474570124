// DELETE /ports/:id.
import { type Call, cloudCall } from '../../../eden/call.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { refusal } from '../problems.ts'
import { everyPort, owners, type Port, port } from './port.ts'
import { removePort } from './remove.ts'

const kept: string[] = [owners.interface, owners.gateway, owners.floatingIp]

async function tellCompute({ compute }: NetworkContext, call: Call, { id, deviceId }: Port): Promise<void> {
  const events = [{ name: 'network-vif-deleted', server_uuid: deviceId, tag: id }]
  try {
    await compute.ask(cloudCall(call.ground, 'network', call.requestId), 'POST', '/v2.1/os-server-external-events', {
      body: { events },
    })
  } catch (error) {
    call.log.warn({ err: error, port: id }, 'compute did not hear that a port of a server was deleted')
  }
}

export async function deletePort(context: NetworkContext, call: Call, { params }: Input) {
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
    // Compute takes its own ports away with the cards; of others' deletions it hears, and unplugs the card.
    if (row.deviceOwner.startsWith('compute:') && !call.credentials.roles.includes('service'))
      tx.onCommitted(() => void tellCompute(context, call, row))
  })
  return noContent()
}
