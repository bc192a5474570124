// The settings of network: each with its default, unit and meaning.
import { setting, settings, type ValuesOf } from '../../eden/config/setting.ts'

const quota = (what: string, limit: number) =>
  setting({
    type: 'integer',
    default: limit,
    min: -1,
    says: `How many ${what} a project may have where nobody set another limit; -1 is without limit.`,
  })

export const networkSettings = settings('network', {
  publicNetwork: setting({
    type: 'text',
    default: 'public',
    says: 'Name of the external network that is made at the first start; empty makes none.',
  }),
  publicCidr: setting({
    type: 'text',
    default: '172.24.4.0/24',
    says: 'Addresses of the external network that is made at the first start.',
  }),
  publicGateway: setting({
    type: 'text',
    default: '',
    says: 'Gateway of that network; its first address where this is empty.',
  }),
  publicPool: setting({
    type: 'text',
    default: '',
    says: 'Addresses for routers and floating IPs, as first-last; the 10th to the 250th where this is empty.',
  }),
  publicPhysicalName: setting({
    type: 'text',
    default: 'public',
    says: 'Name of the physical network that the external network stands for.',
  }),
  mtu: setting({
    type: 'integer',
    default: 1450,
    min: 576,
    max: 65535,
    unit: 'bytes',
    says: 'MTU of tenant networks: what the wire between hosts carries, less 50 for the tunnel.',
  }),
  externalMtu: setting({
    type: 'integer',
    default: 1500,
    min: 576,
    max: 65535,
    unit: 'bytes',
    says: 'MTU of external networks.',
  }),
  firstVxlanId: setting({ type: 'integer', default: 1, min: 1, max: 16777215, says: 'First VXLAN id of tenants.' }),
  lastVxlanId: setting({ type: 'integer', default: 65535, min: 1, max: 16777215, says: 'Last VXLAN id of tenants.' }),
  macPrefix: setting({
    type: 'text',
    default: 'fa:16:3e',
    says: 'First three bytes of the hardware addresses that ports get.',
  }),
  dnsServers: setting({
    type: 'list',
    default: [],
    says: 'Name servers that guests are told where their subnet names none.',
  }),
  availabilityZone: setting({ type: 'text', default: 'nova', says: 'Name of the one network availability zone.' }),
  pageLimit: setting({ type: 'integer', default: 5000, min: 1, says: 'Rows of one page of a list at the most.' }),
  maxRoutes: setting({ type: 'integer', default: 30, min: 0, says: 'Extra routes of one router at the most.' }),
  maxDnsServers: setting({ type: 'integer', default: 5, min: 0, says: 'Name servers of one subnet at the most.' }),
  maxHostRoutes: setting({ type: 'integer', default: 20, min: 0, says: 'Host routes of one subnet at the most.' }),
  quotaNetworks: quota('networks', 100),
  quotaSubnets: quota('subnets', 100),
  quotaPorts: quota('ports', 500),
  quotaRouters: quota('routers', 10),
  quotaFloatingIps: quota('floating IPs', 50),
  quotaSecurityGroups: quota('security groups', 10),
  quotaSecurityGroupRules: quota('security group rules', 100),
  quotaSubnetPools: quota('subnet pools', -1),
  quotaRbacPolicies: quota('RBAC policies', 10),
})

export type NetworkConfig = ValuesOf<typeof networkSettings>

/** Limits by Neutron's resource names. */
export const defaultLimits = (config: NetworkConfig): Record<string, number> => ({
  network: config.quotaNetworks,
  subnet: config.quotaSubnets,
  port: config.quotaPorts,
  router: config.quotaRouters,
  floatingip: config.quotaFloatingIps,
  security_group: config.quotaSecurityGroups,
  security_group_rule: config.quotaSecurityGroupRules,
  subnetpool: config.quotaSubnetPools,
  rbac_policy: config.quotaRbacPolicies,
})
