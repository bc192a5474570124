// PUT /ports/:id.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { releaseAddresses } from '../addresses/allocate.ts'
import { bodyOfUpdate, requireAttributes, type Wire } from '../api/bodies.ts'
import { dressed, present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { refusal } from '../problems.ts'
import { sharedObjects } from '../rbac/grants.ts'
import { ensureDefaultGroup } from '../security-groups/default-group.ts'
import { everySubnet, isAutoAddressed, subnet } from '../subnets/subnet.ts'
import { groupsFrom, macFrom, pairsFrom, requireOwnRouter, requirePortSecurity } from './checks.ts'
import { portExtras } from './create.ts'
import { type AskedIp, takeFixedIps } from './fixed-ips.ts'
import { portKind } from './kind.ts'
import { requireFreeMac } from './make.ts'
import { everyPort, isNetworkDevice, owners, type Port, port } from './port.ts'
import { detachFloatingIps } from './remove.ts'

const schema = bodyOf(port, {
  for: 'update',
  without: ['host', 'deviceId'],
  extra: {
    ...portExtras,
    device_id: Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])),
    'binding:host_id': Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])),
  },
})

export async function updatePort(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(port).get(params.id!)
  const parent = await call.rows(network, everyNetwork).get(seen.networkId)
  const item = bodyOfUpdate(portKind, body, schema)
  if (item.device_id === null) item.device_id = ''
  if (item['binding:host_id'] === null) item['binding:host_id'] = ''
  const target = {
    ...dressed(port, seen, call),
    'network:project_id': parent.projectId,
    'network:tenant_id': parent.projectId,
    shared: (await sharedObjects(call, call, [parent.id])).has(parent.id),
  }
  call.require('network/update_port', target)
  requireAttributes(portKind, call, 'update', item, {
    ...target,
    ...(item.device_owner !== undefined && { device_owner: item.device_owner }),
  })
  const [shown] = await call.transaction(async (tx) => {
    const row = await tx.rows(port, everyPort).get(params.id!)
    return present(portKind, context, tx, call, [await changePort(context, tx, row, item)])
  })
  return ok({ port: shown })
}

async function changePort(context: NetworkContext, tx: Transaction, row: Port, item: Wire): Promise<Port> {
  const patch = fieldsFrom(port, item) as Partial<Port>
  if (patch.deviceId !== undefined || patch.deviceOwner !== undefined)
    await requireOwnRouter(tx, patch.deviceOwner ?? row.deviceOwner, patch.deviceId ?? row.deviceId)
  if (patch.macAddress !== undefined) {
    patch.macAddress = macFrom(patch.macAddress)
    if (patch.macAddress !== row.macAddress) {
      if (row.host !== '')
        throw refusal(
          409,
          'PortBound',
          `Unable to complete operation on port ${row.id}, port is already bound, port type: tap, old_mac ${row.macAddress}, new_mac ${patch.macAddress}.`,
        )
      await requireFreeMac(tx, row.networkId, patch.macAddress)
    }
  }
  if (patch.allowedAddressPairs) patch.allowedAddressPairs = pairsFrom(patch.allowedAddressPairs)
  if (Array.isArray(item.security_groups)) patch.securityGroups = await groupsFrom(tx, item.security_groups as string[])
  else if (item.security_groups === null) patch.securityGroups = []
  if (patch.portSecurityEnabled === true && !row.portSecurityEnabled && patch.securityGroups === undefined) {
    const group = isNetworkDevice(row.deviceOwner) ? undefined : await ensureDefaultGroup(context, tx, row.projectId)
    if (group) patch.securityGroups = [group.id]
  }
  if (patch.portSecurityEnabled === false && row.securityGroups.length > 0 && patch.securityGroups === undefined)
    throw refusal(
      409,
      'PortSecurityPortHasSecurityGroup',
      'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
    )
  requirePortSecurity({ ...row, ...patch })
  if (item.fixed_ips !== undefined)
    patch.fixedIps = await readdress(tx, row, (item.fixed_ips as AskedIp[] | null) ?? [])
  if (patch.host !== undefined && patch.host !== row.host) patch.status = 'DOWN'
  if (patch.adminStateUp === false) patch.status = 'DOWN'
  return tx.rows(port, everyPort).update(row, patch)
}

/** Keeps what is asked for again, frees the rest, takes what is new. */
async function readdress(tx: Transaction, row: Port, asked: AskedIp[]): Promise<Port['fixedIps']> {
  if (row.deviceOwner === owners.interface || row.deviceOwner === owners.gateway)
    if (asked.length === 0) throw refusal(400, 'BadRequest', `Bad port request: a port of a router needs an address.`)
  const subnets = await tx
    .rows(subnet, everySubnet)
    .list({ where: { networkId: row.networkId }, sort: [{ field: 'createdAt' }] })
  const auto = new Set(subnets.filter(isAutoAddressed).map(({ id }) => id))
  const left = [...row.fixedIps]
  const kept: Port['fixedIps'] = []
  const open: AskedIp[] = []
  for (const one of asked) {
    const at = left.findIndex(
      ({ subnet_id, ip_address }) =>
        (one.ip_address === undefined || one.ip_address === ip_address) &&
        (one.subnet_id === undefined || one.subnet_id === subnet_id),
    )
    if (at < 0) open.push(one)
    else kept.push(...left.splice(at, 1))
  }
  if (asked.length > 0)
    for (const one of [...left]) if (auto.has(one.subnet_id)) kept.push(...left.splice(left.indexOf(one), 1))
  const gone = left.map(({ ip_address }) => ip_address)
  if (gone.length > 0) {
    await releaseAddresses(tx, row.id, gone)
    await detachFloatingIps(tx, row.id, gone)
  }
  const isRouter = isNetworkDevice(row.deviceOwner)
  const place = { portId: row.id, networkId: row.networkId, mac: row.macAddress, isRouter }
  const keptSubnets = new Set(kept.map(({ subnet_id }) => subnet_id))
  const without = subnets.filter((one) => !(auto.has(one.id) && keptSubnets.has(one.id)))
  const added = open.length > 0 ? await takeFixedIps(tx, place, without, open) : []
  return [...kept, ...added]
}
