// A server as the API shows it, in each version and to each kind of caller.
import { createHash } from 'node:crypto'
import type { Call } from '../../../eden/call.ts'
import { flavorInServer } from '../flavors/view.ts'
import { links, novaTime, plainTime } from '../links.ts'
import { speaks } from '../versions/since.ts'
import type { BlockDevice } from '../volumes/block-device.ts'
import { instanceName, type Nic, type Server, statusOf } from './server.ts'

/** What is shown of a server but not kept in its row. */
export interface Beside {
  devices: BlockDevice[]
  /** Floating address by port and fixed address. */
  floating: { portId: string; fixed: string; address: string }[]
  hostStatus: string
}

/** Tells owners which servers share a host, not which host it is. */
export const hostIdOf = ({ projectId, host }: Pick<Server, 'projectId' | 'host'>) =>
  host === null
    ? ''
    : createHash('sha224')
        .update(projectId + host)
        .digest('hex')

export const serverName = (call: Call, { id, name }: Pick<Server, 'id' | 'name'>) => ({
  id,
  name,
  links: links(call, `servers/${id}`),
})

type Addresses = Record<string, Record<string, unknown>[]>

export function addressesOf(nics: readonly Nic[], floating: Beside['floating']): Addresses {
  const result: Addresses = {}
  for (const { networkName, mac, fixedIps, portId } of nics) {
    result[networkName] ??= []
    const entry = (addr: string, type: string) => ({
      version: addr.includes(':') ? 6 : 4,
      addr,
      'OS-EXT-IPS:type': type,
      'OS-EXT-IPS-MAC:mac_addr': mac,
    })
    for (const { ip_address } of fixedIps) {
      result[networkName].push(entry(ip_address, 'fixed'))
      for (const one of floating)
        if (one.portId === portId && one.fixed === ip_address) result[networkName].push(entry(one.address, 'floating'))
    }
  }
  return result
}

/** Without what came by extension. */
export const plainAddresses = (all: Addresses): Addresses =>
  Object.fromEntries(
    Object.entries(all).map(([name, entries]) => [name, entries.map(({ version, addr }) => ({ version, addr }))]),
  )

const showsProgress = new Set(['ACTIVE', 'BUILD', 'REBUILD', 'RESIZE', 'VERIFY_RESIZE', 'REVERT_RESIZE'])

/** `full` replies have everything; PUT and rebuild show less before 2.75. */
export function serverView(call: Call, row: Server, beside: Beside, isFull = true): Record<string, unknown> {
  const status = statusOf(row)
  const showsAll = isFull || speaks(call, '2.75')
  const addresses = addressesOf(row.nics, beside.floating)
  return {
    id: row.id,
    name: row.name,
    status,
    tenant_id: row.projectId,
    user_id: row.userId,
    metadata: row.metadata,
    hostId: hostIdOf(row),
    image:
      row.imageId === null
        ? ''
        : { id: row.imageId, links: [{ rel: 'bookmark', href: `${call.origin}/images/${row.imageId}` }] },
    flavor: flavorInServer(call, row.flavor),
    created: novaTime(row.createdAt),
    updated: novaTime(row.updatedAt ?? row.createdAt),
    addresses: showsAll ? addresses : plainAddresses(addresses),
    accessIPv4: row.accessIpv4,
    accessIPv6: row.accessIpv6,
    links: links(call, `servers/${row.id}`),
    'OS-DCF:diskConfig': row.diskConfig,
    ...(showsProgress.has(status) && { progress: status === 'ACTIVE' ? 100 : 0 }),
    ...(status === 'ERROR' && row.fault && { fault: faultView(call, row.fault) }),
    ...(speaks(call, '2.9') && { locked: row.isLocked }),
    ...(speaks(call, '2.19') && { description: row.description }),
    ...(speaks(call, '2.26') && { tags: row.tags }),
    ...(speaks(call, '2.63') && { trusted_image_certificates: null }),
    ...(speaks(call, '2.73') && { locked_reason: row.isLocked ? row.lockedReason : null }),
    ...(showsAll && extended(call, row, beside)),
    ...(speaks(call, '2.71') && { server_groups: row.groupId ? [row.groupId] : [] }),
    ...(speaks(call, '2.96') && { pinned_availability_zone: row.wantedZone }),
  }
}

const faultView = (call: Call, { code, message, details, created }: NonNullable<Server['fault']>) => ({
  code,
  created: novaTime(created),
  message,
  ...((code !== 500 || call.sees === 'all') && details && { details }),
})

function extended(call: Call, row: Server, { devices, hostStatus }: Beside): Record<string, unknown> {
  const isOperator = call.allows('os_compute_api:os-extended-server-attributes', row)
  return {
    'OS-EXT-AZ:availability_zone': row.zone ?? '',
    config_drive: row.hasConfigDrive ? 'True' : '',
    key_name: row.keyName,
    'OS-SRV-USG:launched_at': plainTime(row.launchedAt),
    'OS-SRV-USG:terminated_at': null,
    'OS-EXT-STS:task_state': row.task,
    'OS-EXT-STS:vm_state': row.state,
    'OS-EXT-STS:power_state': row.power,
    'os-extended-volumes:volumes_attached': devices
      .filter(({ volumeId }) => volumeId !== null)
      .map(({ volumeId, deleteOnTermination }) => ({
        id: volumeId,
        ...(speaks(call, '2.3') && { delete_on_termination: deleteOnTermination }),
      })),
    ...(row.nics.length + row.wantedNics.length > 0 || row.securityGroups.length > 0
      ? {
          security_groups: (row.securityGroups.length > 0 ? row.securityGroups : ['default']).map((name) => ({ name })),
        }
      : {}),
    ...(isOperator && {
      'OS-EXT-SRV-ATTR:host': row.host,
      'OS-EXT-SRV-ATTR:hypervisor_hostname': row.host,
      'OS-EXT-SRV-ATTR:instance_name': instanceName(row),
      ...(speaks(call, '2.3') && {
        'OS-EXT-SRV-ATTR:reservation_id': row.reservationId,
        'OS-EXT-SRV-ATTR:launch_index': row.launchIndex,
        'OS-EXT-SRV-ATTR:ramdisk_id': '',
        'OS-EXT-SRV-ATTR:kernel_id': '',
        'OS-EXT-SRV-ATTR:root_device_name': row.rootDevice,
        'OS-EXT-SRV-ATTR:user_data': row.userData,
      }),
    }),
    ...(speaks(call, '2.3') && (isOperator || speaks(call, '2.90')) && { 'OS-EXT-SRV-ATTR:hostname': row.hostname }),
    ...(speaks(call, '2.16') &&
      call.allows('os_compute_api:servers:show:host_status', row) && { host_status: hostStatus }),
  }
}
