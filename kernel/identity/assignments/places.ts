// Where a user has any role: the projects and domains that a token can be made for.
import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import { type Project, project } from '../projects/project.ts'
import { assignmentsOf } from './effective.ts'

const beyond = everyone("a user's places are found over all projects")

/** Projects in which the user has a role, directly or from above. */
export async function projectsOf(reads: Readable, userId: string): Promise<Project[]> {
  const held = (await assignmentsOf(reads, userId)).filter(({ targetType }) => targetType !== 'system')
  const direct = held.filter((one) => !one.inherited && one.targetType === 'project').map(({ targetId }) => targetId)
  const above = held.filter(({ inherited }) => inherited).map(({ targetId }) => targetId)
  const projects = reads.rows(project, beyond)
  const found = new Map<string, Project>()
  const take = (rows: Project[]) => {
    const fresh = rows.filter(({ id, isDomain }) => !found.has(id) && !isDomain)
    for (const one of fresh) found.set(one.id, one)
    return fresh.map(({ id }) => id)
  }
  take(await projects.list({ where: { id: [...new Set(direct)] } }))
  take(await projects.list({ where: { domainId: above } }))
  let parents = above
  while (parents.length > 0) {
    const children = await projects.list({ where: { parentId: parents } })
    take(children)
    parents = children.map(({ id }) => id).filter((id) => !above.includes(id))
    above.push(...parents)
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Domains in which the user has a role. */
export async function domainsOf(reads: Readable, userId: string): Promise<Project[]> {
  const held = await assignmentsOf(reads, userId)
  const ids = held.filter((one) => one.targetType === 'domain' && !one.inherited).map(({ targetId }) => targetId)
  return reads.rows(project, beyond).list({ where: { id: [...new Set(ids)], isDomain: true } })
}

/** Those that are enabled, and whose domain is. */
export async function active(reads: Readable, projects: Project[]): Promise<Project[]> {
  const ids = [...new Set(projects.map(({ domainId }) => domainId).filter((id) => id !== null))]
  const domains = await reads.rows(project, beyond).list({ where: { id: ids } })
  const open = new Set(domains.filter(({ enabled }) => enabled).map(({ id }) => id))
  return projects.filter(({ enabled, isDomain, domainId }) => enabled && (isDomain || open.has(domainId!)))
}
