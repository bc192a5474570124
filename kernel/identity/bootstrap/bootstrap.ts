// What a cloud cannot start without: first domain, project, administrator, roles, and the catalog of its services.
import type { Call } from '../../../eden/call.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { assignment, assignmentKey, type TargetType } from '../assignments/assignment.ts'
import type { IdentityContext } from '../context.ts'
import { user } from '../people/user.ts'
import { project } from '../projects/project.ts'
import { implication, implicationKey, role } from '../roles/role.ts'
import { keepCatalog } from './catalog.ts'

export const defaultDomainId = 'default'
/** Roles of a new cloud; each of the first four implies the one after it. */
const ladder = ['admin', 'manager', 'member', 'reader']
const others = ['service', 'ResellerAdmin', 'heat_stack_owner']

/** Repeatable: what is there stays as it is, a changed password or a renamed role included. */
export async function bootstrap(context: IdentityContext, call: Call): Promise<void> {
  const isNew = (await call.rows(user).first({ domainId: defaultDomainId, name: 'admin' })) === undefined
  const passwordHash =
    isNew && context.bootstrap ? await context.passwords.hash(context.bootstrap.adminPassword) : undefined
  await call.transaction(async (tx) => {
    if ((await tx.rows(project).find(defaultDomainId)) === undefined) await foundations(tx)
    if (passwordHash) await administrator(tx, passwordHash)
    await keepCatalog(tx, context.catalog?.() ?? [])
  })
}

async function foundations(tx: Transaction) {
  await tx.rows(project).insert({
    id: defaultDomainId,
    name: 'Default',
    description: 'The default domain',
    isDomain: true,
  })
  for (const name of ['admin', 'service'])
    await tx.rows(project).insert({
      id: tx.call.ids.hex(),
      name,
      domainId: defaultDomainId,
      parentId: defaultDomainId,
      description: name === 'admin' ? 'Administration of the cloud' : "The cloud's own services",
    })
  const ids = new Map<string, string>()
  for (const name of [...ladder, ...others]) {
    const { id } = await tx.rows(role).insert({ id: tx.call.ids.hex(), name })
    ids.set(name, id)
  }
  for (const [index, name] of ladder.slice(1).entries()) {
    const [prior, implied] = [ids.get(ladder[index]!)!, ids.get(name)!]
    await tx
      .rows(implication)
      .insert({ id: implicationKey(prior, implied), priorRoleId: prior, impliedRoleId: implied })
  }
}

async function administrator(tx: Transaction, passwordHash: string) {
  const home = await tx.rows(project).first({ domainId: defaultDomainId, name: 'admin' })
  const admin = await tx.rows(role).first({ name: 'admin', domainId: null })
  if (!home || !admin)
    throw new Error(
      "The project 'admin' and the role 'admin' are needed to make the first administrator; restore them.",
    )
  const { id } = await tx.rows(user).insert({
    id: tx.call.ids.hex(),
    name: 'admin',
    domainId: defaultDomainId,
    defaultProjectId: home.id,
    passwordHash,
  })
  const targets: [TargetType, string][] = [
    ['project', home.id],
    ['domain', defaultDomainId],
    ['system', 'all'],
  ]
  for (const [targetType, targetId] of targets) {
    const parts = { actorType: 'user', actorId: id, targetType, targetId, roleId: admin.id, inherited: false } as const
    await tx.rows(assignment).insert({ ...parts, id: assignmentKey(parts) })
  }
}
