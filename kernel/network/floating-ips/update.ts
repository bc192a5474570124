// PUT /floatingips/:id: point it at another port, at none, or describe it.
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { bodyOf } from '../../../eden/resource/input.ts'
import { bodyOfUpdate, requireAttributes } from '../api/bodies.ts'
import { dressed, present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { refusal } from '../problems.ts'
import { associationOf } from './associate.ts'
import { everyFloatingIp, type FloatingIp, floatingIp } from './floating-ip.ts'
import { floatingIpKind } from './kind.ts'

const schema = bodyOf(floatingIp, { for: 'update' })

export async function updateFloatingIp(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(floatingIp).get(params.id!)
  const item = bodyOfUpdate(floatingIpKind, body, schema) as {
    port_id?: string | null
    fixed_ip_address?: string | null
    description?: string
  }
  const target = dressed(floatingIp, seen, call)
  call.require('network/update_floatingip', target)
  requireAttributes(floatingIpKind, call, 'update', item, target)
  const [shown] = await call.transaction(async (tx) => {
    const row = await tx.rows(floatingIp, everyFloatingIp).get(params.id!)
    const patch: Partial<FloatingIp> = item.description === undefined ? {} : { description: item.description }
    if (item.port_id === null || item.port_id === '')
      Object.assign(patch, { portId: null, fixedIpAddress: null, routerId: null, status: 'DOWN' })
    else if (item.port_id !== undefined || item.fixed_ip_address) {
      const portId = item.port_id ?? row.portId
      if (!portId)
        throw refusal(
          400,
          'BadRequest',
          'Bad floatingip request: fixed_ip_address cannot be specified without a port_id.',
        )
      const next = await associationOf(tx, row, portId, item.fixed_ip_address)
      const isSame =
        next.portId === row.portId && next.fixedIpAddress === row.fixedIpAddress && next.routerId === row.routerId
      if (!isSame) Object.assign(patch, next)
    } // Neutron takes an update without port_id for the wish to point nowhere only where nothing else is asked.
    else if (item.description === undefined)
      Object.assign(patch, { portId: null, fixedIpAddress: null, routerId: null, status: 'DOWN' })
    return present(floatingIpKind, context, tx, call, [await tx.rows(floatingIp, everyFloatingIp).update(row, patch)])
  })
  return ok({ floatingip: shown })
}
