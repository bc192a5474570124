// The conditions under which rows of other projects are visible: they were shared, or stand in the caller's network.
import type { Call } from '../../../eden/call.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'

/** Plain SQL names: a resource's own declaration cannot refer to another that refers back. */
const grants = 'network_rbac_policies'

/** The row's `reference` is the object of a policy for all or for the caller's project. */
export function grantedTo(where: WhereBuilder, call: Call, reference: string, actions: readonly string[]): Condition {
  return where(
    reference,
    'in',
    where
      .selectFrom(grants)
      .select('object_id')
      .where('action', 'in', [...actions])
      .where('target', 'in', ['*', call.credentials.projectId ?? '']),
  ) as unknown as Condition
}

/** The row stands in a network of the caller's: whoever owns a network sees all that is plugged into it. */
export function inNetworkOf(where: WhereBuilder, call: Call, reference: string): Condition {
  return where(
    reference,
    'in',
    where
      .selectFrom('network_networks')
      .select('network_networks.id')
      .where('network_networks.project_id', '=', call.credentials.projectId ?? ''),
  ) as unknown as Condition
}
