// DELETE /floatingips/:id: the address is free again.
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyPort, port } from '../ports/port.ts'
import { removePort } from '../ports/remove.ts'
import { everyFloatingIp, floatingIp } from './floating-ip.ts'

export async function deleteFloatingIp(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(floatingIp).get(params.id!)
  call.require('network/delete_floatingip', dressed(floatingIp, seen, call))
  await call.transaction(async (tx) => {
    const row = await tx.rows(floatingIp, everyFloatingIp).get(seen.id)
    await tx.rows(floatingIp, everyFloatingIp).remove(row)
    const outer = await tx.rows(port, everyPort).find(row.floatingPortId)
    if (outer) await removePort(tx, outer)
  })
  return noContent()
}
