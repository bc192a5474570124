// A user or a group goes, with everything that stands on them.
import type { Transaction } from '../../../eden/store/store.ts'
import { assignment } from '../assignments/assignment.ts'
import { accessRule, applicationCredential } from '../credentials/application-credential.ts'
import { credential } from '../credentials/credential.ts'
import { trust } from '../trusts/trust.ts'
import { type Group, group, membership } from './group.ts'
import { loginFailure, type User, user } from './user.ts'

export async function removeUserRow(tx: Transaction, found: User) {
  const userId = found.id
  await tx.rows(assignment).removeAll({ actorId: userId })
  await tx.rows(membership).removeAll({ userId })
  await tx.rows(credential).removeAll({ userId })
  await tx.rows(applicationCredential).removeAll({ userId })
  await tx.rows(accessRule).removeAll({ userId })
  await tx.rows(trust).removeAll({ trustorUserId: userId })
  await tx.rows(trust).removeAll({ trusteeUserId: userId })
  await tx.rows(loginFailure).removeAll({ id: userId })
  await tx.rows(user).remove(found)
}

export async function removeGroupRow(tx: Transaction, found: Group) {
  await tx.rows(assignment).removeAll({ actorId: found.id })
  await tx.rows(membership).removeAll({ groupId: found.id })
  await tx.rows(group).remove(found)
}
