// PUT /networks/:id.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import { bodyOfUpdate, requireAttributes } from '../api/bodies.ts'
import { dressed, present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyFloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { refusal } from '../problems.ts'
import { shareWithAll } from '../rbac/grants.ts'
import { everyRouter, router } from '../routers/router.ts'
import { mtuFrom } from './create.ts'
import { networkKind } from './kind.ts'
import { everyNetwork, type Network, network } from './network.ts'

const schema = bodyOf(network, { for: 'update', extra: { shared: Type.Optional(Type.Boolean()) } })

export async function updateNetwork(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(network).get(params.id!)
  const item = bodyOfUpdate(networkKind, body, schema)
  const target = dressed(network, seen, call)
  call.require('network/update_network', target)
  requireAttributes(networkKind, call, 'update', item, target)
  const [shown] = await call.transaction(async (tx) => {
    const row = await tx.rows(network, everyNetwork).get(params.id!)
    const object = { id: row.id, projectId: row.projectId, type: 'network' as const }
    const patch = fieldsFrom(network, item) as Partial<Network>
    if (patch.mtu !== undefined) patch.mtu = mtuFrom(context.config, row.networkType, patch.mtu)
    if (patch.isExternal !== undefined && patch.isExternal !== row.isExternal) {
      const isUsed =
        (await tx.rows(router, everyRouter).first({ gatewayNetworkId: row.id })) ??
        (await tx.rows(floatingIp, everyFloatingIp).first({ floatingNetworkId: row.id }))
      if (row.isExternal && isUsed)
        throw refusal(
          409,
          'ExternalNetworkInUse',
          `External network ${row.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
        )
      await shareWithAll(tx, object, 'access_as_external', patch.isExternal)
    }
    if (typeof item.shared === 'boolean') await shareWithAll(tx, object, 'access_as_shared', item.shared)
    return present(networkKind, context, tx, call, [await tx.rows(network, everyNetwork).update(row, patch)])
  })
  return ok({ network: shown })
}
