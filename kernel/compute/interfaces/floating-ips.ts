// The older way of giving a server a floating IP: an action of the server, up to 2.43.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { checkLock, getServer } from '../servers/find.ts'

export const floatingIpBody = Type.Object(
  { address: Type.String({ maxLength: 64 }), fixed_address: Type.Optional(Type.String({ maxLength: 64 })) },
  { additionalProperties: false },
)

interface FloatingIp {
  id: string
  port_id: string | null
  floating_ip_address: string
}

async function byAddress({ network }: ComputeContext, call: Call, address: string): Promise<FloatingIp> {
  const { body } = await network.ask<{ floatingips: FloatingIp[] }>(
    call,
    'GET',
    `/v2.0/floatingips?floating_ip_address=${encodeURIComponent(address)}`,
  )
  if (!body.floatingips[0]) throw notFound('floating IP not found')
  return body.floatingips[0]
}

export async function addFloatingIp(
  context: ComputeContext,
  call: Call,
  id: string,
  given: { address: string; fixed_address?: string },
) {
  const row = await getServer(call, call, id, 'os_compute_api:os-floating-ips:add')
  checkLock(call, row)
  const addresses = row.nics.flatMap(({ portId, fixedIps }) =>
    fixedIps.map(({ ip_address }) => ({ portId, address: ip_address })),
  )
  const fixed = addresses.find(({ address }) =>
    given.fixed_address === undefined ? !address.includes(':') : address === given.fixed_address,
  )
  if (!fixed)
    throw badRequest(
      given.fixed_address === undefined
        ? 'No fixed IPs associated to instance'
        : 'Specified fixed address not assigned to instance',
    )
  const floating = await byAddress(context, call, given.address)
  if (floating.port_id !== null && floating.port_id !== fixed.portId)
    throw conflict(`Floating IP ${given.address} is associated with another port; take it away there first.`)
  await context.network.ask(call, 'PUT', `/v2.0/floatingips/${floating.id}`, {
    body: { floatingip: { port_id: fixed.portId, fixed_ip_address: fixed.address } },
  })
  return accepted()
}

export async function removeFloatingIp(context: ComputeContext, call: Call, id: string, given: { address: string }) {
  const row = await getServer(call, call, id, 'os_compute_api:os-floating-ips:remove')
  checkLock(call, row)
  const floating = await byAddress(context, call, given.address)
  if (!row.nics.some(({ portId }) => portId === floating.port_id))
    throw conflict(`Floating IP ${given.address} is not associated with instance ${id}.`)
  await context.network.ask(call, 'PUT', `/v2.0/floatingips/${floating.id}`, {
    body: { floatingip: { port_id: null } },
  })
  return accepted()
}
