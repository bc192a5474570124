// Finding out whether and how a floating IP can point at a port: through which router, to which of its addresses.
import type { Transaction } from '../../../eden/store/store.ts'
import { parseAddress } from '../addresses/ip.ts'
import { everyPort, owners, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { everyRouter, router } from '../routers/router.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { everyFloatingIp, type FloatingIp, floatingIp } from './floating-ip.ts'

/** @throws 400, 404 or 409 where the port cannot be reached from the floating IP's network. */
export async function associationOf(
  tx: Transaction,
  floating: Pick<FloatingIp, 'id' | 'floatingNetworkId' | 'floatingIpAddress'>,
  portId: string,
  fixedIpAddress: string | null | undefined,
): Promise<Pick<FloatingIp, 'portId' | 'fixedIpAddress' | 'routerId' | 'status'>> {
  const target = await tx.rows(port).get(portId)
  const fours = target.fixedIps.filter(({ ip_address }) => parseAddress(ip_address)?.version === 4)
  const bad = (message: string) => refusal(400, 'BadRequest', `Bad floatingip request: ${message}.`)
  if (fours.length === 0) throw bad(`Cannot add floating IP to port ${portId} that has no fixed IPv4 addresses`)
  if (!fixedIpAddress && fours.length > 1)
    throw bad(
      `Port ${portId} has multiple fixed IPv4 addresses. Must provide a specific IPv4 address when assigning a floating IP`,
    )
  const fixed = fixedIpAddress ? fours.find(({ ip_address }) => ip_address === fixedIpAddress) : fours[0]
  if (!fixed) throw bad(`Port ${portId} does not have fixed ip ${String(fixedIpAddress)}`)
  const other = await tx.rows(floatingIp, everyFloatingIp).first({ portId, fixedIpAddress: fixed.ip_address })
  if (other && other.id !== floating.id && other.floatingNetworkId === floating.floatingNetworkId)
    throw refusal(
      409,
      'FloatingIPPortAlreadyAssociated',
      `Cannot associate floating IP ${floating.floatingIpAddress} (${floating.id}) with port ${portId} using fixed IP ${fixed.ip_address}, as that fixed IP already has a floating IP on external network ${floating.floatingNetworkId}.`,
    )
  const routerId = await routerBetween(tx, fixed.subnet_id, floating.floatingNetworkId)
  if (!routerId)
    throw refusal(
      404,
      'ExternalGatewayForFloatingIPNotFound',
      `External network ${floating.floatingNetworkId} is not reachable from subnet ${fixed.subnet_id}. Therefore, cannot associate Port ${portId} with a Floating IP.`,
    )
  return { portId, fixedIpAddress: fixed.ip_address, routerId, status: 'DOWN' }
}

/** A router with a leg in the subnet and its gateway in the external network; first the one with the subnet's gateway. */
async function routerBetween(tx: Transaction, subnetId: string, externalId: string): Promise<string | undefined> {
  const inner = await tx.rows(subnet, everySubnet).get(subnetId)
  const candidates = await tx.rows(router, everyRouter).list({ where: { gatewayNetworkId: externalId } })
  const legs = await tx.rows(port, everyPort).list({
    where: { networkId: inner.networkId, deviceOwner: owners.interface, deviceId: candidates.map(({ id }) => id) },
  })
  const here = legs.filter(({ fixedIps }) => fixedIps.some((one) => one.subnet_id === subnetId))
  const first = here.find(({ fixedIps }) => fixedIps.some((one) => one.ip_address === inner.gatewayIp))
  return (first ?? here[0])?.deviceId
}
