// Making a port inside a transaction, for the API and for routers, floating IPs and DHCP alike.
import type { Transaction } from '../../../eden/store/store.ts'
import { newMac } from '../addresses/mac.ts'
import type { NetworkContext } from '../context.ts'
import type { Network } from '../networks/network.ts'
import { refusal } from '../problems.ts'
import { claimQuota } from '../quotas/check.ts'
import { ensureDefaultGroup } from '../security-groups/default-group.ts'
import { everySubnet, subnet } from '../subnets/subnet.ts'
import { type AskedIp, takeFixedIps } from './fixed-ips.ts'
import { everyPort, isNetworkDevice, owners, type Port, port } from './port.ts'

export interface NewPort {
  network: Network
  /** Empty for ports that belong to the cloud, such as gateways. */
  projectId: string
  name?: string
  description?: string
  adminStateUp?: boolean
  macAddress?: string
  fixedIps?: AskedIp[]
  deviceId?: string
  deviceOwner?: string
  /** Ids; the project's default group where it is absent. */
  securityGroups?: string[]
  portSecurityEnabled?: boolean
  allowedAddressPairs?: Port['allowedAddressPairs']
  host?: string
  profile?: Record<string, unknown>
  status?: Port['status']
  /** Does not count against the project's quota. */
  isFree?: boolean
}

export async function makePort(context: NetworkContext, tx: Transaction, wanted: NewPort): Promise<Port> {
  const { network, projectId } = wanted
  if (!wanted.isFree) await claimQuota(context, tx, projectId, { port: 1 })
  const deviceOwner = wanted.deviceOwner ?? ''
  const isDevice = isNetworkDevice(deviceOwner)
  const id = tx.store.ids.uuid()
  const mac = await macFor(context, tx, wanted)
  const portSecurityEnabled = wanted.portSecurityEnabled ?? (isDevice ? false : network.portSecurityEnabled)
  const subnets = await tx
    .rows(subnet, everySubnet)
    .list({ where: { networkId: network.id }, sort: [{ field: 'createdAt' }] })
  const isRouter = deviceOwner === owners.interface || deviceOwner === owners.gateway || deviceOwner === owners.dhcp
  const fixedIps = await takeFixedIps(
    tx,
    { portId: id, networkId: network.id, mac, isRouter },
    subnets,
    wanted.fixedIps,
  )
  return tx.rows(port, everyPort).insert({
    id,
    projectId,
    networkId: network.id,
    name: wanted.name ?? '',
    description: wanted.description ?? '',
    adminStateUp: wanted.adminStateUp ?? true,
    status: wanted.status ?? 'DOWN',
    macAddress: mac,
    fixedIps,
    deviceId: wanted.deviceId ?? '',
    deviceOwner,
    securityGroups: await groupsFor(context, tx, wanted, portSecurityEnabled && !isDevice),
    portSecurityEnabled,
    allowedAddressPairs: wanted.allowedAddressPairs ?? [],
    host: wanted.host ?? '',
    profile: wanted.profile ?? {},
  })
}

async function macFor({ config }: NetworkContext, tx: Transaction, { macAddress, network }: NewPort): Promise<string> {
  if (macAddress === undefined) return newMac(tx, config.macPrefix)
  await requireFreeMac(tx, network.id, macAddress)
  return macAddress
}

export async function requireFreeMac(tx: Transaction, networkId: string, macAddress: string): Promise<void> {
  if (await tx.rows(port, everyPort).first({ networkId, macAddress }))
    throw refusal(
      409,
      'MacAddressInUse',
      `Unable to complete operation for network ${networkId}. The mac address ${macAddress} is in use.`,
    )
}

async function groupsFor(
  context: NetworkContext,
  tx: Transaction,
  { securityGroups, projectId }: NewPort,
  isFiltered: boolean,
): Promise<string[]> {
  if (securityGroups) return securityGroups
  if (!isFiltered) return []
  const group = await ensureDefaultGroup(context, tx, projectId)
  return group ? [group.id] : []
}
