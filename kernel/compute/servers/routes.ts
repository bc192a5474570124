// Which operation answers which request about servers.
import type { Call } from '../../../eden/call.ts'
import { type Input, noContent, ok } from '../../../eden/http/request.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { serverAction, serverActionNames } from './actions.ts'
import { besideOf } from './beside.ts'
import { createServer } from './create.ts'
import { createServerBody } from './create-body.ts'
import { deleteServer } from './delete.ts'
import { diagnostics } from './diagnostics.ts'
import { eventsBody, hearEvents } from './events.ts'
import { getServer } from './find.ts'
import { listServers } from './list.ts'
import { server } from './server.ts'
import { updateServer, updateServerBody } from './update.ts'
import { addressesOf, plainAddresses, serverView } from './view.ts'

async function show(context: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, 'os_compute_api:servers:show')
  const beside = await besideOf(context, call, [row])
  return ok({ server: serverView(call, row, beside(row)) })
}

async function addresses(context: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, 'os_compute_api:servers:show')
  const { floating } = (await besideOf(context, call, [row]))(row)
  const plain = plainAddresses(addressesOf(row.nics, floating))
  if (params.network === undefined) return ok({ addresses: plain })
  const named = plain[params.network]
  if (!named) throw call.rows(server).missing(params.network)
  return ok({ [params.network]: named })
}

async function password(_: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, 'os_compute_api:os-server-password:show')
  return ok({ password: row.passwordData })
}

async function forgetPassword(_: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, params.id!, 'os_compute_api:os-server-password:clear')
    await tx.rows(server).update(row, { passwordData: '' })
  })
  return noContent()
}

const creation = { rule: 'os_compute_api:servers:create', body: createServerBody }

export const serverRoutes: ComputeRoute[] = [
  r('GET', '/servers', listServers(false), { isPure: true }),
  r('GET', '/servers/detail', listServers(true), { isPure: true }),
  r('POST', '/servers', createServer, creation),
  r('POST', '/os-volumes_boot', createServer, creation),
  r('GET', '/servers/:id', show),
  r('PUT', '/servers/:id', updateServer, { body: updateServerBody }),
  r('DELETE', '/servers/:id', deleteServer),
  r('POST', '/servers/:id/action', serverAction, { body: 'any', actions: serverActionNames }),
  r('POST', '/os-server-external-events', hearEvents, {
    rule: 'os_compute_api:os-server-external-events:create',
    body: eventsBody,
  }),
  r('GET', '/servers/:id/ips', addresses),
  r('GET', '/servers/:id/ips/:network', addresses),
  r('GET', '/servers/:id/diagnostics', diagnostics),
  r('GET', '/servers/:id/os-server-password', password),
  r('DELETE', '/servers/:id/os-server-password', forgetPassword),
].flat()
