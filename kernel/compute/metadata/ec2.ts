// The metadata tree in the form of EC2, which older images ask for first.
import type { Nic, Server } from '../servers/server.ts'
import type { BlockDevice } from '../volumes/block-device.ts'

export const ec2Releases = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  'latest',
]

type Tree = { [name: string]: string | Tree }

const digits = (id: string) => id.replaceAll('-', '').slice(0, 8)

/** Leaves are texts, branches are listed. */
export function ec2Document(row: Server, nics: readonly Nic[], devices: readonly BlockDevice[]): Tree {
  const first = nics[0]?.fixedIps.find(({ ip_address }) => !ip_address.includes(':'))?.ip_address ?? ''
  return {
    'ami-id': row.imageId ? `ami-${digits(row.imageId)}` : 'None',
    'ami-launch-index': String(row.launchIndex),
    'ami-manifest-path': 'None',
    'block-device-mapping': {
      ami: row.rootDevice.replace('/dev/', ''),
      root: row.rootDevice,
      ...Object.fromEntries(
        devices.filter(({ bootIndex }) => bootIndex !== 0).map(({ device }, index) => [`ebs${index}`, device]),
      ),
    },
    hostname: row.hostname,
    'instance-action': 'none',
    'instance-id': `i-${digits(row.id)}`,
    'instance-type': row.flavor.name,
    'local-hostname': row.hostname,
    'local-ipv4': first,
    placement: { 'availability-zone': row.zone ?? 'nova' },
    'public-hostname': row.hostname,
    'public-ipv4': '',
    ...(row.publicKey !== null && { 'public-keys': { 0: { 'openssh-key': row.publicKey } } }),
    'reservation-id': row.reservationId,
    'security-groups': row.securityGroups.join('\n'),
  }
}

/** The text at a path of the tree; a branch is answered with the names below it; undefined where nothing is. */
export function ec2Answer(tree: Tree, path: readonly string[], keyName: string | null): string | undefined {
  let here: string | Tree = tree
  const parts = path.filter(Boolean)
  for (const part of parts) {
    if (typeof here === 'string') return undefined
    const next: string | Tree | undefined = here[part]
    if (next === undefined) return undefined
    here = next
  }
  if (typeof here === 'string') return here
  if (parts.length === 1 && parts[0] === 'public-keys') return `0=${keyName ?? ''}`
  return Object.entries(here)
    .map(([name, value]) => (typeof value === 'string' ? name : `${name}/`))
    .join('\n')
}
