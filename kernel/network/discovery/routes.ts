// What a client asks first: which versions there are, which resources, which extensions.
import type { Call } from '../../../eden/call.ts'
import { ok } from '../../../eden/http/request.ts'
import { routes } from '../../../eden/service.ts'
import type { NetworkContext } from '../context.ts'
import { listExtensions, showExtension } from './extensions.ts'

async function versions(_: NetworkContext, call: Call) {
  const href = `${call.origin}/v2.0/`
  return ok({ versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href }] }] })
}

const resources: [name: string, collection: string][] = [
  ['network', 'networks'],
  ['subnet', 'subnets'],
  ['subnetpool', 'subnetpools'],
  ['port', 'ports'],
  ['router', 'routers'],
  ['floatingip', 'floatingips'],
  ['security_group', 'security-groups'],
  ['security_group_rule', 'security-group-rules'],
  ['rbac_policy', 'rbac-policies'],
  ['quota', 'quotas'],
  ['agent', 'agents'],
  ['availability_zone', 'availability_zones'],
  ['network_ip_availability', 'network-ip-availabilities'],
]

async function version(_: NetworkContext, call: Call) {
  return ok({
    resources: resources.map(([name, collection]) => ({
      name,
      collection,
      links: [{ rel: 'self', href: `${call.origin}/v2.0/${collection}` }],
    })),
  })
}

const r = routes<NetworkContext>()
export const discoveryRoutes = [
  r('GET', '/', versions, { token: 'none' }),
  r('GET', '/v2.0', version, { token: 'optional' }),
  r('GET', '/v2.0/extensions', listExtensions, { token: 'optional' }),
  r('GET', '/v2.0/extensions/:alias', showExtension, { token: 'optional' }),
]
