// What a guest may learn about itself, in OpenStack's own form; over the network and on its config drive the same.
import { createHash } from 'node:crypto'
import type { Nic, Server } from '../servers/server.ts'
import type { BlockDevice } from '../volumes/block-device.ts'

/** Releases of the format, as Nova names them; each contains what the ones before contain. */
export const releases = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  'latest',
] as const

const isAtLeast = (release: string, wanted: string) => release === 'latest' || release >= wanted

export function metaData(
  row: Server,
  release: string,
  beside: { nics: readonly Nic[]; devices: readonly BlockDevice[]; adminPass?: string },
): Record<string, unknown> {
  return {
    uuid: row.id,
    ...(Object.keys(row.metadata).length > 0 && { meta: row.metadata }),
    hostname: row.hostname,
    name: row.name,
    launch_index: row.launchIndex,
    availability_zone: row.zone ?? 'nova',
    ...(row.keyName !== null &&
      row.publicKey !== null && {
        public_keys: { [row.keyName]: row.publicKey },
        ...(isAtLeast(release, '2015-10-15') && {
          keys: [{ name: row.keyName, type: row.publicKey.startsWith('-----') ? 'x509' : 'ssh', data: row.publicKey }],
        }),
      }),
    ...(row.files.length > 0 && {
      files: row.files.map(({ path }, index) => ({ path, content_path: contentPath(index) })),
    }),
    ...(beside.adminPass !== undefined && isAtLeast(release, '2013-04-04') && { admin_pass: beside.adminPass }),
    ...(isAtLeast(release, '2013-04-04') && { random_seed: seedOf(row.id) }),
    ...(isAtLeast(release, '2015-10-15') && { project_id: row.projectId }),
    ...(isAtLeast(release, '2016-06-30') && { devices: taggedDevices(beside.nics, beside.devices) }),
    ...(isAtLeast(release, '2020-10-14') && { dedicated_cpus: [] }),
  }
}

export const contentPath = (index: number) => `/content/${String(index).padStart(4, '0')}`

/** 512 bytes to begin a random generator with; the guest mixes them with its own. */
const seedOf = (id: string) =>
  Buffer.concat(
    Array.from({ length: 8 }, (_, index) =>
      createHash('sha512').update(`${id} ${index} ${process.hrtime.bigint()}`).digest(),
    ),
  ).toString('base64')

function taggedDevices(nics: readonly Nic[], devices: readonly BlockDevice[]): Record<string, unknown>[] {
  return [
    ...nics.filter(({ tag }) => tag !== null).map(({ mac, tag }) => ({ type: 'nic', bus: 'none', mac, tags: [tag] })),
    ...devices
      .filter(({ tag }) => tag !== null)
      .map(({ volumeId, device, tag }) => ({ type: 'disk', bus: 'none', serial: volumeId, path: device, tags: [tag] })),
  ]
}

/** `network_data.json`: links are network cards, networks their addresses. Addresses come by DHCP. */
export function networkData(nics: readonly Nic[]): Record<string, unknown> {
  const links = nics.map(({ portId, mac, mtu }) => ({
    id: linkName(portId),
    vif_id: portId,
    type: 'phy',
    mtu,
    ethernet_mac_address: mac,
  }))
  const networks = nics.flatMap(({ portId, networkId, fixedIps }) =>
    fixedIps.map(({ ip_address }) => ({
      link: linkName(portId),
      type: ip_address.includes(':') ? 'ipv6_dhcp' : 'ipv4_dhcp',
      network_id: networkId,
    })),
  )
  return {
    links,
    networks: networks.map((network, index) => ({ id: `network${index}`, ...network })),
    services: [],
  }
}

const linkName = (portId: string) => `tap${portId.slice(0, 11)}`
