// Users, projects and domains as requests name them: by id, or by name within a domain.
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { type User, user } from '../people/user.ts'
import { type Project, project } from '../projects/project.ts'
import type { EntityRef } from './request.ts'

const beyond = everyone('a name is looked up before it is known who asks')

export async function findDomain(
  reads: Readable,
  ref: { id?: string; name?: string } | undefined,
): Promise<Project | undefined> {
  if (ref?.id) {
    const found = await reads.rows(project, beyond).find(ref.id)
    return found?.isDomain ? found : undefined
  }
  return ref?.name ? reads.rows(project, beyond).first({ name: ref.name, isDomain: true }) : undefined
}

export async function findUser(reads: Readable, ref: EntityRef): Promise<User | undefined> {
  if (ref.id) return reads.rows(user, beyond).find(ref.id)
  const domain = await findDomain(reads, ref.domain)
  return domain && ref.name ? reads.rows(user, beyond).first({ name: ref.name, domainId: domain.id }) : undefined
}

export async function findProject(reads: Readable, ref: EntityRef): Promise<Project | undefined> {
  if (ref.id) return reads.rows(project, beyond).find(ref.id)
  const domain = await findDomain(reads, ref.domain)
  return domain && ref.name ? reads.rows(project, beyond).first({ name: ref.name, domainId: domain.id }) : undefined
}
