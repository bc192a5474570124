// POST /floatingips.
import { type TSchema, Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input } from '../../../eden/http/request.ts'
import { bodyOf } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { bodiesOf, ownerOf, requireAttributes, type Wire } from '../api/bodies.ts'
import { present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { network } from '../networks/network.ts'
import { makePort } from '../ports/make.ts'
import { owners } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { associationOf } from './associate.ts'
import { everyFloatingIp, type FloatingIp, floatingIp } from './floating-ip.ts'
import { floatingIpKind } from './kind.ts'

const orNull = (schema: TSchema) => Type.Optional(Type.Union([schema, Type.Null()]))
const schema = bodyOf(floatingIp, {
  for: 'create',
  required: ['floatingNetworkId'],
  without: ['floatingIpAddress'],
  extra: {
    floating_ip_address: orNull(Type.String({ maxLength: 64 })),
    subnet_id: orNull(Type.String({ maxLength: 64 })),
    project_id: Type.Optional(Type.String({ maxLength: 64 })),
  },
})

export async function createFloatingIps(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(floatingIpKind, body, schema)
  const wanted = items.map((item) => {
    if (item.floating_ip_address === null) delete item.floating_ip_address
    const projectId = ownerOf(call, item, 'network/create_floatingip')
    requireAttributes(floatingIpKind, call, 'create', item, { ...item, project_id: projectId })
    return { item, projectId }
  })
  const shown = await call.transaction(async (tx) => {
    const rows: FloatingIp[] = []
    for (const { item, projectId } of wanted) rows.push(await makeFloatingIp(context, tx, item, projectId))
    return present(floatingIpKind, context, tx, call, rows)
  })
  return created(isBulk ? { floatingips: shown } : { floatingip: shown[0] })
}

async function makeFloatingIp(
  context: NetworkContext,
  tx: Transaction,
  item: Wire,
  projectId: string,
): Promise<FloatingIp> {
  await claimQuota(context, tx, projectId, { floatingip: 1 })
  const external = await tx.rows(network).get(String(item.floating_network_id))
  if (!external.isExternal)
    throw refusal(400, 'BadRequest', `Bad floatingip request: Network ${external.id} is not a valid external network.`)
  const id = tx.store.ids.uuid()
  const asked = {
    ...(typeof item.subnet_id === 'string' && { subnet_id: item.subnet_id }),
    ...(typeof item.floating_ip_address === 'string' && { ip_address: item.floating_ip_address }),
  }
  const outer = await makePort(context, tx, {
    network: external,
    projectId: '',
    deviceId: id,
    deviceOwner: owners.floatingIp,
    status: 'N/A',
    ...(Object.keys(asked).length > 0 && { fixedIps: [asked] }),
  })
  const own = outer.fixedIps.find(({ ip_address }) => !ip_address.includes(':'))
  if (!own)
    throw refusal(
      404,
      'ExternalIpAddressExhausted',
      `Unable to find any IP address on external network ${external.id}.`,
    )
  const bare = {
    id,
    projectId,
    description: (item.description as string | undefined) ?? '',
    floatingNetworkId: external.id,
    floatingIpAddress: own.ip_address,
    floatingPortId: outer.id,
  }
  const target =
    typeof item.port_id === 'string'
      ? await associationOf(tx, bare, item.port_id, item.fixed_ip_address as string | null | undefined)
      : {}
  return tx.rows(floatingIp, everyFloatingIp).insert({ ...bare, ...target })
}
