// PUT /routers/:id/add_router_interface and remove_router_interface: legs by subnet or by port.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { validate } from '../../../eden/http/body.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { contains, overlaps, parseAddress, parseCidr } from '../addresses/ip.ts'
import { dressed } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { everyFloatingIp, floatingIp } from '../floating-ips/floating-ip.ts'
import { everyNetwork, network } from '../networks/network.ts'
import { makePort } from '../ports/make.ts'
import { everyPort, owners, type Port, port } from '../ports/port.ts'
import { removePort } from '../ports/remove.ts'
import { refusal } from '../problems.ts'
import { everySubnet, type Subnet, subnet } from '../subnets/subnet.ts'
import { type Leg, legsOf } from './legs.ts'
import { everyRouter, type Router, router } from './router.ts'

const orNull = Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()]))
const schema = Type.Object({ subnet_id: orNull, port_id: orNull }, { additionalProperties: false })
const bad = (message: string) => refusal(400, 'BadRequest', `Bad router request: ${message}.`)

interface Asked {
  subnetId: string | undefined
  portId: string | undefined
}

function askedOf(body: unknown): Asked {
  const { subnet_id, port_id } = validate(schema, body ?? {}) as { subnet_id?: string | null; port_id?: string | null }
  if (!subnet_id && !port_id) throw bad('Either subnet_id or port_id must be specified')
  return { subnetId: subnet_id ?? undefined, portId: port_id ?? undefined }
}

export async function addInterface(context: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(router).get(params.id!)
  call.require('network/add_router_interface', dressed(router, seen, call))
  const asked = askedOf(body)
  if (asked.subnetId && asked.portId) throw bad('Cannot specify both subnet-id and port-id')
  return ok(
    await call.transaction(async (tx) => {
      const row = await tx.rows(router, everyRouter).get(seen.id)
      const leg = asked.portId ? await byPort(tx, row, asked.portId) : await bySubnet(context, tx, row, asked.subnetId!)
      return answer(row, leg)
    }),
  )
}

const answer = (row: Router, leg: Port) => ({
  id: row.id,
  tenant_id: row.projectId,
  project_id: row.projectId,
  port_id: leg.id,
  network_id: leg.networkId,
  subnet_id: leg.fixedIps[0]!.subnet_id,
  subnet_ids: leg.fixedIps.map(({ subnet_id }) => subnet_id),
})

async function bySubnet(context: NetworkContext, tx: Transaction, row: Router, subnetId: string): Promise<Port> {
  const wanted = await tx.rows(subnet).get(subnetId)
  if (!wanted.gatewayIp) throw bad('Subnet for router interface must have a gateway IP')
  await requireFit(tx, row, [wanted])
  return makePort(context, tx, {
    network: await tx.rows(network, everyNetwork).get(wanted.networkId),
    projectId: row.projectId,
    deviceId: row.id,
    deviceOwner: owners.interface,
    fixedIps: [{ subnet_id: wanted.id, ip_address: wanted.gatewayIp }],
  })
}

async function byPort(tx: Transaction, row: Router, portId: string): Promise<Port> {
  const wanted = await tx.rows(port).get(portId)
  if (wanted.deviceId !== '')
    throw refusal(
      409,
      'PortInUse',
      `Unable to complete operation on port ${portId} for network ${wanted.networkId}. Port already has an attached device ${wanted.deviceId}.`,
    )
  if (wanted.fixedIps.length === 0) throw bad('Router port must have at least one fixed IP')
  const ids = wanted.fixedIps.map(({ subnet_id }) => subnet_id)
  const subnets = await tx.rows(subnet, everySubnet).list({ where: { id: ids } })
  if (subnets.filter(({ ipVersion }) => ipVersion === 4).length > 1)
    throw bad('Cannot have multiple IPv4 subnets on router port')
  await requireFit(tx, row, subnets)
  return tx.rows(port, everyPort).update(wanted, {
    deviceId: row.id,
    deviceOwner: owners.interface,
    securityGroups: [],
    allowedAddressPairs: [],
    portSecurityEnabled: false,
    host: '',
  })
}

/** @throws 400 where the router has a leg in the subnet already, or in one that overlaps with it. */
async function requireFit(tx: Transaction, row: Router, wanted: Subnet[]): Promise<void> {
  const legs = await legsOf(tx, row.id)
  const outside = row.gatewayNetworkId
    ? await tx.rows(subnet, everySubnet).list({ where: { networkId: row.gatewayNetworkId } })
    : []
  for (const one of wanted) {
    if (legs.some((leg) => leg.subnet.id === one.id)) throw bad(`Router already has a port on subnet ${one.id}`)
    const cidr = parseCidr(one.cidr)!
    const other = [...legs.map((leg) => leg.subnet), ...outside].find((present) =>
      overlaps(parseCidr(present.cidr)!, cidr),
    )
    if (other) throw bad(`Cidr ${one.cidr} of subnet ${one.id} overlaps with cidr ${other.cidr} of subnet ${other.id}`)
  }
}

export async function removeInterface(_: NetworkContext, call: Call, { params, body }: Input) {
  const seen = await call.rows(router).get(params.id!)
  call.require('network/remove_router_interface', dressed(router, seen, call))
  const asked = askedOf(body)
  return ok(
    await call.transaction(async (tx) => {
      const row = await tx.rows(router, everyRouter).get(seen.id)
      const legs = await legsOf(tx, row.id)
      const leg = legFor(row, legs, asked)
      await requireUnused(tx, row, leg)
      await removePort(tx, leg.port)
      return { ...answer(row, leg.port), subnet_id: leg.subnet.id }
    }),
  )
}

function legFor(row: Router, legs: Leg[], { portId, subnetId }: Asked): Leg {
  if (portId) {
    const found = legs.find((leg) => leg.port.id === portId)
    if (!found)
      throw refusal(404, 'RouterInterfaceNotFound', `Router ${row.id} does not have an interface with id ${portId}`)
    const isMatch = !subnetId || legs.some((leg) => leg.port.id === portId && leg.subnet.id === subnetId)
    if (!isMatch)
      throw refusal(
        409,
        'SubnetMismatchForPort',
        `Subnet on port ${portId} does not match the requested subnet ${subnetId}.`,
      )
    return found
  }
  const found = legs.find((leg) => leg.subnet.id === subnetId)
  if (!found)
    throw refusal(404, 'RouterInterfaceNotFoundForSubnet', `Router ${row.id} has no interface on subnet ${subnetId}`)
  return found
}

/** @throws 409 where floating IPs or extra routes need the leg. */
async function requireUnused(tx: Transaction, row: Router, leg: Leg): Promise<void> {
  const cidr = parseCidr(leg.subnet.cidr)!
  const users = await tx.rows(floatingIp, everyFloatingIp).list({ where: { routerId: row.id } })
  if (users.some(({ fixedIpAddress }) => fixedIpAddress && contains(cidr, parseAddress(fixedIpAddress)!)))
    throw refusal(
      409,
      'RouterInterfaceInUseByFloatingIP',
      `Router interface for subnet ${leg.subnet.id} on router ${row.id} cannot be deleted, as it is required by one or more floating IPs.`,
    )
  if (row.routes.some(({ nexthop }) => contains(cidr, parseAddress(nexthop)!)))
    throw refusal(
      409,
      'RouterInterfaceInUseByRoute',
      `Router interface for subnet ${leg.subnet.id} on router ${row.id} cannot be deleted, as it is required by one or more routes.`,
    )
}
