// The group that every project has: made on demand, lets everything out and only its own members in.
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { NetworkContext } from '../context.ts'
import { type SecurityGroup, securityGroup, securityGroupRule } from './group.ts'

export const defaultName = 'default'
const families = ['IPv4', 'IPv6'] as const
const beyond = everyone('the default group of whichever project is at work')

/** Made where it is missing. Nobody's quota stops it: without it no port could be made. */
export async function ensureDefaultGroup(
  _: NetworkContext,
  tx: Transaction,
  projectId: string,
): Promise<SecurityGroup | undefined> {
  if (projectId === '') return undefined
  const present = await tx.rows(securityGroup, beyond).first({ projectId, name: defaultName })
  if (present) return present
  const group = await tx.rows(securityGroup, beyond).insert({
    id: tx.store.ids.uuid(),
    projectId,
    name: defaultName,
    description: 'Default security group',
  })
  await addOutgoing(tx, group)
  for (const ethertype of families)
    await tx.rows(securityGroupRule, beyond).insert({
      id: tx.store.ids.uuid(),
      projectId,
      securityGroupId: group.id,
      direction: 'ingress',
      ethertype,
      remoteGroupId: group.id,
    })
  return group
}

/** What every new group starts with: everything may go out. */
export async function addOutgoing(tx: Transaction, group: SecurityGroup): Promise<void> {
  for (const ethertype of families)
    await tx.rows(securityGroupRule, beyond).insert({
      id: tx.store.ids.uuid(),
      projectId: group.projectId,
      securityGroupId: group.id,
      direction: 'egress',
      ethertype,
    })
}
