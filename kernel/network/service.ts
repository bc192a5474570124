// Network: table of contents.
import { service } from '../../eden/service.ts'
import { agentRoutes } from './agents/routes.ts'
import { usePolicyNames } from './api/kind.ts'
import { availabilityRoutes } from './availability/routes.ts'
import { networkSettings } from './config.ts'
import { type NetworkContext, networkContext } from './context.ts'
import { discoveryRoutes } from './discovery/routes.ts'
import { floatingIp } from './floating-ips/floating-ip.ts'
import { floatingIpRoutes } from './floating-ips/routes.ts'
import { networkTables } from './migrations/0001-network.ts'
import { network } from './networks/network.ts'
import { makePublicNetwork } from './networks/public.ts'
import { networkRoutes } from './networks/routes.ts'
import { healHosts } from './plane/heal.ts'
import { internalRoutes } from './plane/plug.ts'
import { networkPolicy } from './policy.ts'
import { port } from './ports/port.ts'
import { portRoutes } from './ports/routes.ts'
import { neutronDialect } from './problems.ts'
import { quotaRoutes } from './quotas/routes.ts'
import { rbacPolicy } from './rbac/policy.ts'
import { rbacRoutes } from './rbac/routes.ts'
import { router } from './routers/router.ts'
import { routerRoutes } from './routers/routes.ts'
import { securityGroup, securityGroupRule } from './security-groups/group.ts'
import { securityGroupRoutes } from './security-groups/routes.ts'
import { subnetPoolRoutes } from './subnet-pools/routes.ts'
import { subnetPool } from './subnet-pools/subnet-pool.ts'
import { subnetRoutes } from './subnets/routes.ts'
import { subnet } from './subnets/subnet.ts'
import { tagRoutes } from './tags/routes.ts'

usePolicyNames(Object.keys(networkPolicy.rules))

export const networkService = service<NetworkContext>({
  name: 'network',
  ports: [9696],
  prefix: '/network',
  catalog: [{ type: 'network', name: 'neutron', path: '' }],
  resources: [network, subnet, subnetPool, port, router, floatingIp, securityGroup, securityGroupRule, rbacPolicy],
  settings: networkSettings,
  policy: networkPolicy,
  migrations: [networkTables],
  jobs: [],
  reconcilers: [healHosts],
  dialect: neutronDialect,
  context: networkContext,
  prepare: makePublicNetwork,
  routes: [
    ...discoveryRoutes,
    ...networkRoutes,
    ...subnetRoutes,
    ...subnetPoolRoutes,
    ...portRoutes,
    ...routerRoutes,
    ...floatingIpRoutes,
    ...securityGroupRoutes,
    ...rbacRoutes,
    ...quotaRoutes,
    ...agentRoutes,
    ...availabilityRoutes,
    ...tagRoutes,
    ...internalRoutes,
  ],
})
