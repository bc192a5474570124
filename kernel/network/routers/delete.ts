// DELETE /routers/:id.
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent } from '../../../eden/http/request.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyPort, owners, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { removeGateway } from './gateway.ts'
import { everyRouter, router } from './router.ts'

export async function deleteRouter(_: NetworkContext, call: Call, { params }: Input) {
  const seen = await call.rows(router).get(params.id!)
  call.require('network/delete_router', dressed(router, seen, call))
  await call.transaction(async (tx) => {
    const row = await tx.rows(router, everyRouter).get(seen.id)
    const leg = await tx.rows(port, everyPort).first({ deviceId: row.id, deviceOwner: owners.interface })
    if (leg) throw refusal(409, 'RouterInUse', `Router ${row.id} still has ports`)
    await tx.rows(router, everyRouter).remove(await removeGateway(tx, row))
  })
  return noContent()
}
