// POST /ports: one or many, all or none.
import { type TSchema, Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import { bodiesOf, ownerOf, requireAttributes, type Wire } from '../api/bodies.ts'
import { present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { type Network, network } from '../networks/network.ts'
import { sharedObjects } from '../rbac/grants.ts'
import { groupsFrom, macFrom, pairsFrom, requireOwnRouter, requirePortSecurity } from './checks.ts'
import type { AskedIp } from './fixed-ips.ts'
import { portKind } from './kind.ts'
import { makePort } from './make.ts'
import { fixedIpsAsked, type Port, port } from './port.ts'

const orNull = (schema: TSchema) => Type.Optional(Type.Union([schema, Type.Null()]))
export const portExtras = {
  fixed_ips: orNull(fixedIpsAsked),
  security_groups: orNull(Type.Array(Type.String({ maxLength: 64 }))),
}
const schema = bodyOf(port, {
  for: 'create',
  required: ['networkId'],
  without: ['macAddress', 'host', 'profile'],
  extra: {
    ...portExtras,
    mac_address: orNull(Type.String({ maxLength: 32 })),
    'binding:host_id': orNull(Type.String({ maxLength: 255 })),
    'binding:profile': orNull(Type.Record(Type.String(), Type.Unknown())),
    project_id: Type.Optional(Type.String({ maxLength: 64 })),
  },
})

export async function createPorts(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(portKind, body, schema)
  const wanted: { item: Wire; parent: Network; projectId: string }[] = []
  for (const item of items) {
    const parent = await call.rows(network).get(String(item.network_id))
    const place = {
      'network:project_id': parent.projectId,
      'network:tenant_id': parent.projectId,
      shared: (await sharedObjects(call, call, [parent.id])).has(parent.id),
    }
    const projectId = ownerOf(call, item, 'network/create_port', place)
    requireAttributes(portKind, call, 'create', item, { ...item, ...place, project_id: projectId })
    wanted.push({ item, parent, projectId })
  }
  const shown = await call.transaction(async (tx) => {
    const rows: Port[] = []
    for (const { item, parent, projectId } of wanted) {
      const given = fieldsFrom(port, item) as Partial<Port>
      const portSecurityEnabled = given.portSecurityEnabled ?? parent.portSecurityEnabled
      const securityGroups = Array.isArray(item.security_groups)
        ? await groupsFrom(tx, item.security_groups as string[])
        : undefined
      await requireOwnRouter(tx, given.deviceOwner ?? '', given.deviceId ?? '')
      const allowedAddressPairs = pairsFrom(given.allowedAddressPairs ?? [])
      requirePortSecurity({ portSecurityEnabled, securityGroups: securityGroups ?? [], allowedAddressPairs })
      rows.push(
        await makePort(context, tx, {
          ...given,
          network: await tx.rows(network).get(parent.id),
          projectId,
          macAddress: typeof item.mac_address === 'string' ? macFrom(item.mac_address) : undefined,
          fixedIps: (item.fixed_ips as AskedIp[] | null | undefined) ?? undefined,
          securityGroups,
          allowedAddressPairs,
          portSecurityEnabled: given.portSecurityEnabled,
          host: given.host ?? '',
          profile: given.profile ?? {},
        }),
      )
    }
    return present(portKind, context, tx, call, rows)
  })
  return created(isBulk ? { ports: shown } : { port: shown[0] })
}
