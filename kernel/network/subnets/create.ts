// POST /subnets: one or many, all or none.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { created, type Input } from '../../../eden/http/request.ts'
import { bodyOf, fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { type Cidr, formatAddress, formatCidr, type IpVersion, overlaps, parseCidr } from '../addresses/ip.ts'
import { bodiesOf, ownerOf, requireAttributes, type Wire } from '../api/bodies.ts'
import { present } from '../api/kind.ts'
import type { NetworkContext } from '../context.ts'
import { type Network, network } from '../networks/network.ts'
import { invalidInput, refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { blockFromPool } from '../subnet-pools/take.ts'
import { addAutoAddresses } from './auto-addresses.ts'
import { blockFrom, checkIpv6Modes, defaultPools, dnsFrom, gatewayFrom, hostRoutesFrom, poolsFrom } from './checks.ts'
import { refreshDhcpPort } from './dhcp-port.ts'
import { subnetKind } from './kind.ts'
import { everySubnet, hostRoutes, pools, type Subnet, subnet } from './subnet.ts'

const nullable = (schema: ReturnType<typeof Type.Array>) => Type.Optional(Type.Union([schema, Type.Null()]))
const schema = bodyOf(subnet, {
  for: 'create',
  required: ['networkId', 'ipVersion'],
  without: ['cidr', 'ipVersion', 'allocationPools', 'dnsNameservers', 'hostRoutes'],
  extra: {
    ip_version: Type.Optional(Type.Integer()),
    cidr: Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
    allocation_pools: nullable(pools as ReturnType<typeof Type.Array>),
    dns_nameservers: nullable(Type.Array(Type.String({ maxLength: 64 }))),
    host_routes: nullable(hostRoutes as ReturnType<typeof Type.Array>),
    prefixlen: Type.Optional(Type.Integer({ minimum: 0, maximum: 128 })),
    use_default_subnetpool: Type.Optional(Type.Boolean()),
    service_types: Type.Optional(Type.Array(Type.String(), { maxItems: 0 })),
    project_id: Type.Optional(Type.String({ maxLength: 64 })),
  },
})

export async function createSubnets(context: NetworkContext, call: Call, { body }: Input) {
  const { items, isBulk } = bodiesOf(subnetKind, body, schema)
  const wanted: { item: Wire; parent: Network; projectId: string }[] = []
  for (const item of items) {
    const parent = await call.rows(network).get(String(item.network_id))
    const target = { 'network:project_id': parent.projectId, 'network:tenant_id': parent.projectId }
    const projectId = ownerOf(call, item, 'network/create_subnet', target)
    requireAttributes(subnetKind, call, 'create', item, { ...target, ...item, project_id: projectId })
    wanted.push({ item, parent, projectId })
  }
  const shown = await call.transaction(async (tx) => {
    const rows: Subnet[] = []
    for (const { item, parent, projectId } of wanted)
      rows.push(await makeSubnet(context, tx, item, await tx.rows(network).get(parent.id), projectId))
    return present(subnetKind, context, tx, call, rows)
  })
  return created(isBulk ? { subnets: shown } : { subnet: shown[0] })
}

/** The subnet, with an address of the DHCP service in it. */
export async function makeSubnet(
  context: NetworkContext,
  tx: Transaction,
  item: Wire,
  parent: Network,
  projectId: string,
): Promise<Subnet> {
  const { config } = context
  await claimQuota(context, tx, projectId, { subnet: 1 })
  const siblings = await tx.rows(subnet, everySubnet).list({ where: { networkId: parent.id } })
  const { cidr, subnetpoolId } = await blockOf(tx, item)
  const { version } = cidr
  const other = siblings.find((one) => overlaps(parseCidr(one.cidr)!, cidr))
  if (other)
    throw invalidInput(
      `Requested subnet with cidr: ${formatCidr(cidr)} for network: ${parent.id} overlaps with another subnet`,
    )
  const given = fieldsFrom(subnet, item) as Partial<Subnet>
  const modes = {
    ipVersion: version,
    enableDhcp: given.enableDhcp ?? true,
    ipv6RaMode: given.ipv6RaMode ?? null,
    ipv6AddressMode: given.ipv6AddressMode ?? null,
  }
  checkIpv6Modes(modes, cidr)
  const gateway = gatewayFrom(item.gateway_ip as string | null | undefined, cidr)
  const row = await tx.rows(subnet, everySubnet).insert({
    ...given,
    ...modes,
    id: tx.store.ids.uuid(),
    projectId,
    networkId: parent.id,
    cidr: formatCidr(cidr),
    gatewayIp: gateway ? formatAddress(gateway) : null,
    allocationPools: item.allocation_pools
      ? poolsFrom(item.allocation_pools as Subnet['allocationPools'], cidr, gateway)
      : defaultPools(cidr, gateway),
    dnsNameservers: dnsFrom((item.dns_nameservers as string[] | null | undefined) ?? [], config.maxDnsServers),
    hostRoutes: hostRoutesFrom(
      (item.host_routes as Subnet['hostRoutes'] | null | undefined) ?? [],
      version,
      config.maxHostRoutes,
    ),
    subnetpoolId,
  })
  await refreshDhcpPort(context, tx, parent)
  await addAutoAddresses(tx, row)
  return row
}

async function blockOf(tx: Transaction, item: Wire): Promise<{ cidr: Cidr; subnetpoolId: string | null }> {
  const isFromPool = typeof item.subnetpool_id === 'string' || item.use_default_subnetpool === true
  if (isFromPool) return blockFromPool(tx, item)
  if (typeof item.cidr !== 'string')
    throw refusal(400, 'BadRequest', 'Bad subnets request: a subnetpool must be specified in the absence of a cidr.')
  if (item.prefixlen !== undefined)
    throw refusal(400, 'BadRequest', 'Bad subnets request: cidr and prefixlen must not be supplied together.')
  const version = (item.ip_version ?? parseCidr(item.cidr)?.version ?? 4) as IpVersion
  if (version !== 4 && version !== 6)
    throw refusal(400, 'HTTPBadRequest', `Invalid input for ip_version. Reason: '${String(version)}' is not in [4, 6].`)
  return { cidr: blockFrom(item.cidr, version), subnetpoolId: null }
}
