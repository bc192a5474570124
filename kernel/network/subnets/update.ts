// PUT /subnets/:id.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { allocation, book } from '../addresses/allocation.ts'
import { formatAddress, type IpVersion, parseAddress, parseCidr } from '../addresses/ip.ts'
import { bodyOfUpdate, requireAttributes, type Wire } from '../api/bodies.ts'
import { dressed, present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { everyPort, owners, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import {
  checkIpv6Modes,
  dnsFrom,
  gatewayFrom,
  hostRoutesFrom,
  poolsFrom,
  rangesOf,
  refuseGatewayInPools,
} from './checks.ts'
import { refreshDhcpPort } from './dhcp-port.ts'
import { subnetKind } from './kind.ts'
import { everySubnet, type Subnet, subnet } from './subnet.ts'

const schema = bodyOf(subnet, {
  for: 'update',
  extra: { service_types: Type.Optional(Type.Array(Type.String(), { maxItems: 0 })) },
})

export async function updateSubnet(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(subnet).get(params.id!)
  const parent = await call.rows(network, everyNetwork).get(seen.networkId)
  const item = bodyOfUpdate(subnetKind, body, schema)
  const target = {
    ...dressed(subnet, seen, call),
    'network:project_id': parent.projectId,
    'network:tenant_id': parent.projectId,
  }
  call.require('network/update_subnet', target)
  requireAttributes(subnetKind, call, 'update', item, target)
  const [shown] = await call.transaction(async (tx) => {
    const row = await tx.rows(subnet, everySubnet).get(params.id!)
    const after = await tx.rows(subnet, everySubnet).update(row, await patchOf(context, tx, row, item))
    if (after.enableDhcp !== row.enableDhcp) await refreshDhcpPort(context, tx, parent)
    return present(subnetKind, context, tx, call, [after])
  })
  return ok({ subnet: shown })
}

async function patchOf({ config }: NetworkContext, tx: Transaction, row: Subnet, item: Wire): Promise<Partial<Subnet>> {
  const patch = fieldsFrom(subnet, item) as Partial<Subnet>
  const cidr = parseCidr(row.cidr)!
  const version = row.ipVersion as IpVersion
  if (patch.dnsNameservers) dnsFrom(patch.dnsNameservers, config.maxDnsServers)
  if (patch.hostRoutes) hostRoutesFrom(patch.hostRoutes, version, config.maxHostRoutes)
  if (patch.enableDhcp !== undefined) checkIpv6Modes({ ...row, enableDhcp: patch.enableDhcp }, cidr)
  const gateway =
    patch.gatewayIp === undefined
      ? row.gatewayIp === null
        ? null
        : parseAddress(row.gatewayIp)!
      : gatewayFrom(patch.gatewayIp, cidr)
  if (patch.gatewayIp !== undefined) patch.gatewayIp = gateway ? formatAddress(gateway) : null
  if (patch.allocationPools) patch.allocationPools = poolsFrom(patch.allocationPools, cidr, gateway)
  else if (patch.gatewayIp !== undefined) refuseGatewayInPools(gateway, rangesOf(row.allocationPools), version)
  if (patch.gatewayIp !== undefined && patch.gatewayIp !== row.gatewayIp && row.gatewayIp) {
    const holder = await tx.rows(allocation, book).first({ subnetId: row.id, address: row.gatewayIp })
    const leg = holder && (await tx.rows(port, everyPort).find(holder.portId))
    if (leg?.deviceOwner === owners.interface)
      throw refusal(
        409,
        'GatewayIpInUse',
        `Current gateway ip ${row.gatewayIp} already in use by port ${leg.id}. Unable to update.`,
      )
  }
  return patch
}
