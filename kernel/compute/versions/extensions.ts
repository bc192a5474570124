// The list of extensions, from which clients older than microversions learn what is there.
import { notFound } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import { type ComputeRoute, route as r } from '../context.ts'

const aliases = [
  'OS-DCF',
  'OS-EXT-AZ',
  'OS-EXT-IPS',
  'OS-EXT-IPS-MAC',
  'OS-EXT-SRV-ATTR',
  'OS-EXT-STS',
  'OS-FLV-DISABLED',
  'OS-FLV-EXT-DATA',
  'OS-SCH-HNT',
  'OS-SRV-USG',
  'os-admin-actions',
  'os-aggregates',
  'os-attach-interfaces',
  'os-availability-zone',
  'os-block-device-mapping-v2-boot',
  'os-config-drive',
  'os-console-output',
  'os-consoles',
  'os-extended-volumes',
  'os-flavor-access',
  'os-flavor-extra-specs',
  'os-flavor-manage',
  'os-hypervisors',
  'os-instance-actions',
  'os-keypairs',
  'os-multiple-create',
  'os-quota-class-sets',
  'os-quota-sets',
  'os-security-groups',
  'os-server-diagnostics',
  'os-server-groups',
  'os-server-password',
  'os-server-start-stop',
  'os-services',
  'os-simple-tenant-usage',
  'os-used-limits',
  'os-user-data',
  'os-volumes',
  'os-floating-ips',
]

const shown = (alias: string) => ({
  alias,
  name: alias
    .replace(/^os-/i, '')
    .split('-')
    .map((word) => word[0]!.toUpperCase() + word.slice(1).toLowerCase())
    .join(''),
  namespace: 'http://docs.openstack.org/compute/ext/fake_xml',
  description: '',
  updated: '2014-12-03T00:00:00Z',
  links: [],
})

const rule = { rule: 'os_compute_api:extensions' }

export const extensionRoutes: ComputeRoute[] = [
  r('GET', '/extensions', async () => ok({ extensions: aliases.map(shown) }), rule),
  r(
    'GET',
    '/extensions/:alias',
    async (_, __, { params }) => {
      if (!aliases.includes(params.alias!)) throw notFound(`There is no extension '${params.alias}'.`)
      return ok({ extension: shown(params.alias!) })
    },
    rule,
  ),
].flat()
