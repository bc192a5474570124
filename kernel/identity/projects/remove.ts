// DELETE /v3/projects/:id and /v3/domains/:id, with all that stands on them.
import type { Call } from '../../../eden/call.ts'
import { forbidden } from '../../../eden/errors.ts'
import { type Input, noContent, type Reply } from '../../../eden/http/request.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { assignment } from '../assignments/assignment.ts'
import type { IdentityContext } from '../context.ts'
import { applicationCredential } from '../credentials/application-credential.ts'
import { credential } from '../credentials/credential.ts'
import { mustBeMutable } from '../extras/guards.ts'
import { group } from '../people/group.ts'
import { removeGroupRow, removeUserRow } from '../people/remove.ts'
import { user } from '../people/user.ts'
import { removeRoleRow } from '../roles/remove.ts'
import { role } from '../roles/role.ts'
import { trust } from '../trusts/trust.ts'
import { domainFor, projectFor } from './list.ts'
import { type Project, project } from './project.ts'

export async function removeProject(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found = await projectFor(call, params.project_id!, 'identity:delete_project')
  await call.transaction(async (tx) => {
    if (found.isDomain) return removeDomainRow(tx, found)
    mustBeMutable('project', found.options)
    if ((await tx.rows(project).count({ parentId: found.id })) > 0)
      throw forbidden('There are projects below this one: remove those first.')
    return removeProjectRow(tx, found)
  })
  return noContent()
}

export async function removeDomain(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found = await domainFor(call, params.domain_id!, 'identity:delete_domain')
  await call.transaction((tx) => removeDomainRow(tx, found))
  return noContent()
}

async function removeDomainRow(tx: Transaction, found: Project) {
  mustBeMutable('domain', found.options)
  const current = await tx.rows(project).get(found.id)
  if (current.enabled) throw forbidden('A domain must be disabled before it is removed.')
  const domainId = found.id
  for (const one of await tx.rows(user).list({ where: { domainId } })) await removeUserRow(tx, one)
  for (const one of await tx.rows(group).list({ where: { domainId } })) await removeGroupRow(tx, one)
  for (const one of await tx.rows(role).list({ where: { domainId } })) await removeRoleRow(tx, one)
  for (const one of await tx.rows(project).list({ where: { domainId } })) await removeProjectRow(tx, one)
  await removeProjectRow(tx, current)
}

async function removeProjectRow(tx: Transaction, found: Project) {
  await tx.rows(assignment).removeAll({ targetId: found.id })
  await tx.rows(credential).removeAll({ projectId: found.id })
  await tx.rows(applicationCredential).removeAll({ projectId: found.id })
  await tx.rows(trust).removeAll({ projectId: found.id })
  for (const one of await tx.rows(user).list({ where: { defaultProjectId: found.id } }))
    await tx.rows(user).update(one, { defaultProjectId: null })
  await tx.rows(project).remove(found)
}
