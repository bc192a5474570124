// A router's gateway: set, changed and removed inside a transaction.
import type { Transaction } from '../../../eden/store/store.ts'
import type { NetworkContext } from '../context.ts'
import { everyFloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { network } from '../networks/network.ts'
import { makePort } from '../ports/make.ts'
import { everyPort, owners, port } from '../ports/port.ts'
import { removePort } from '../ports/remove.ts'
import { refusal } from '../problems.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { everyRouter, type GatewayAsked, type Router, router } from './router.ts'

/** @param asked null or empty removes the gateway. */
export async function setGateway(
  context: NetworkContext,
  tx: Transaction,
  row: Router,
  asked: GatewayAsked | null,
): Promise<Router> {
  if (!asked || Object.keys(asked).length === 0) return removeGateway(tx, row)
  const networkId = asked.network_id ?? row.gatewayNetworkId
  if (!networkId)
    throw refusal(
      400,
      'HTTPBadRequest',
      'Invalid input for external_gateway_info. Reason: network_id is a required property.',
    )
  // The caller must see the network; a private one of somebody else does not exist for them.
  const external = await tx.rows(network).get(networkId)
  if (!external.isExternal)
    throw refusal(400, 'BadRequest', `Bad router request: Network ${networkId} is not an external network.`)
  const enableSnat = asked.enable_snat ?? (row.gatewayNetworkId === networkId ? row.enableSnat : true)
  const keeps = row.gatewayNetworkId === networkId && asked.external_fixed_ips === undefined
  if (keeps) return tx.rows(router, everyRouter).update(row, { enableSnat })
  const bare = row.gatewayPortId ? await removeGateway(tx, row, row.gatewayNetworkId === networkId) : row
  await requireSubnet(tx, networkId)
  const leg = await makePort(context, tx, {
    network: external,
    projectId: '',
    deviceId: row.id,
    deviceOwner: owners.gateway,
    ...(asked.external_fixed_ips && asked.external_fixed_ips.length > 0 && { fixedIps: asked.external_fixed_ips }),
  })
  return tx.rows(router, everyRouter).update(bare, { gatewayPortId: leg.id, gatewayNetworkId: networkId, enableSnat })
}

async function requireSubnet(tx: Transaction, networkId: string) {
  if (await tx.rows(subnet, everySubnet).first({ networkId })) return
  throw refusal(400, 'BadRequest', `Bad router request: Network ${networkId} does not contain any IPv4 subnet.`)
}

/** @param isReplaced the same network comes back at once, so floating IPs may stay. */
export async function removeGateway(tx: Transaction, row: Router, isReplaced = false): Promise<Router> {
  if (!row.gatewayPortId) return row
  if (!isReplaced && (await tx.rows(floatingIp, everyFloatingIp).first({ routerId: row.id })))
    throw refusal(
      409,
      'RouterExternalGatewayInUseByFloatingIp',
      `Gateway cannot be updated for router ${row.id}, since a gateway to external network ${row.gatewayNetworkId} is required by one or more floating IPs.`,
    )
  const leg = await tx.rows(port, everyPort).find(row.gatewayPortId)
  if (leg) await removePort(tx, leg)
  return tx.rows(router, everyRouter).update(row, { gatewayPortId: null, gatewayNetworkId: null })
}
