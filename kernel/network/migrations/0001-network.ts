// The tables of networks, ports and routers, and the book of addresses.
import type { Migration } from '../../../eden/store/schema.ts'
import { allocation, pointer } from '../addresses/allocation.ts'
import { floatingIp } from '../floating-ips/floating-ip.ts'
import { network } from '../networks/network.ts'
import { port } from '../ports/port.ts'
import { rbacPolicy } from '../rbac/policy.ts'
import { router } from '../routers/router.ts'
import { securityGroup, securityGroupRule } from '../security-groups/group.ts'
import { subnetPool } from '../subnet-pools/subnet-pool.ts'
import { subnet } from '../subnets/subnet.ts'

export const networkTables: Migration = {
  name: '0001-network',
  up: (schema) =>
    schema.tables(
      network,
      subnet,
      port,
      router,
      floatingIp,
      securityGroup,
      securityGroupRule,
      rbacPolicy,
      subnetPool,
      allocation,
      pointer,
    ),
}
