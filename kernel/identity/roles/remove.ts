// A role goes, with every assignment and implication of it.
import type { Transaction } from '../../../eden/store/store.ts'
import { assignment } from '../assignments/assignment.ts'
import { applicationCredential } from '../credentials/application-credential.ts'
import { implication, type Role, role } from './role.ts'

export async function removeRoleRow(tx: Transaction, found: Role) {
  await tx.rows(assignment).removeAll({ roleId: found.id })
  await tx.rows(implication).removeAll({ priorRoleId: found.id })
  await tx.rows(implication).removeAll({ impliedRoleId: found.id })
  for (const one of await tx.rows(applicationCredential).list()) {
    if (!one.roleIds.includes(found.id)) continue
    await tx.rows(applicationCredential).update(one, { roleIds: one.roleIds.filter((id) => id !== found.id) })
  }
  await tx.rows(role).remove(found)
}
