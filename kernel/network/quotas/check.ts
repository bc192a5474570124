// Counting what a project has against its limits, in the transaction that is about to add to it.
import { checkQuota } from '../../../eden/quota/quota.ts'
import type { Resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { defaultLimits } from '../config.ts'
import type { NetworkContext } from '../context.ts'
import { floatingIp } from '../floating-ips/floating-ip.ts'
import { network } from '../networks/network.ts'
import { port } from '../ports/port.ts'
import { overQuotaAsConflict } from '../problems.ts'
import { rbacPolicy } from '../rbac/policy.ts'
import { router } from '../routers/router.ts'
import { securityGroup, securityGroupRule } from '../security-groups/group.ts'
import { subnetPool } from '../subnet-pools/subnet-pool.ts'
import { subnet } from '../subnets/subnet.ts'

/** The resource that is counted for each of Neutron's quota names. */
const counted = {
  network,
  subnet,
  port,
  router,
  floatingip: floatingIp,
  security_group: securityGroup,
  security_group_rule: securityGroupRule,
  subnetpool: subnetPool,
  rbac_policy: rbacPolicy,
} as unknown as Record<string, Resource<{ projectId: never }>>

export const quotaNames = Object.keys(counted)

const beyond = everyone('what a project uses is counted whoever asks')

export const usedOf = (reads: Pick<Transaction, 'rows'>, projectId: string, name: string): Promise<number> =>
  reads.rows(counted[name]!, beyond).count({ projectId } as never)

/** @throws 409 `OverQuota`. */
export async function claimQuota(
  context: NetworkContext,
  transaction: Transaction,
  projectId: string,
  asked: Record<string, number>,
): Promise<void> {
  // What belongs to the network itself, such as gateway ports, counts for nobody.
  if (projectId === '') return
  await checkQuota(transaction, {
    service: 'network',
    projectId,
    defaults: defaultLimits(context.config),
    asked,
    used: (name) => usedOf(transaction, projectId, name),
  }).catch(overQuotaAsConflict)
}
