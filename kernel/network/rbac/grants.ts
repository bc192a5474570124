// Which objects the caller shares, and the policies that stand behind the attributes `shared` and `router:external`.
import type { Call } from '../../../eden/call.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { Reads } from '../api/kind.ts'
import { everyPort, port } from '../ports/port.ts'
import { refusal } from '../problems.ts'
import { everyPolicy, type RbacPolicy, rbacPolicy } from './policy.ts'

/** Of these objects, those that are shared with all projects or with the caller's. */
export async function sharedObjects(reads: Reads, call: Call, ids: string[]): Promise<Set<string>> {
  const rows = await reads.rows(rbacPolicy, everyPolicy).list({
    where: { objectId: ids, action: 'access_as_shared', target: ['*', call.credentials.projectId ?? ''] },
  })
  return new Set(rows.map(({ objectId }) => objectId))
}

/** Lets all projects in, or ends that; other policies of the object stay. */
export async function shareWithAll(
  transaction: Transaction,
  object: { id: string; projectId: string; type: RbacPolicy['objectType'] },
  action: RbacPolicy['action'],
  isOpen: boolean,
): Promise<void> {
  const rows = transaction.rows(rbacPolicy, everyPolicy)
  const present = await rows.first({ objectId: object.id, action, target: '*' })
  if (isOpen && !present)
    await rows.insert({
      id: transaction.store.ids.uuid(),
      projectId: object.projectId,
      objectType: object.type,
      objectId: object.id,
      action,
      target: '*',
    })
  if (!isOpen && present) {
    if (object.type === 'network' && action === 'access_as_shared') await requireUnused(transaction, object, '*')
    await rows.remove(present)
  }
}

/** @throws 409 where projects that would lose a shared network have ports on it. */
export async function requireUnused(
  transaction: Transaction,
  network: { id: string; projectId: string },
  target: string,
): Promise<void> {
  const policies = await transaction
    .rows(rbacPolicy, everyPolicy)
    .list({ where: { objectId: network.id, action: 'access_as_shared' } })
  const stillIn = new Set(policies.filter((one) => one.target !== target).map((one) => one.target))
  if (stillIn.has('*')) return
  const ports = await transaction.rows(port, everyPort).list({ where: { networkId: network.id } })
  const loser = ports.find(
    ({ projectId }) =>
      projectId !== '' &&
      projectId !== network.projectId &&
      !stillIn.has(projectId) &&
      (target === '*' || projectId === target),
  )
  if (loser)
    throw refusal(
      409,
      'InvalidSharedSetting',
      `Unable to reconfigure sharing settings for network ${network.id}. Multiple tenants are using it.`,
    )
}
