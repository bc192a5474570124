// Projects form trees below domains.
import type { Readable } from '../../../eden/store/store.ts'
import { type Project, project } from './project.ts'

/** From the parent up to the domain. */
export async function parentsOf(reads: Readable, one: Project): Promise<Project[]> {
  const found: Project[] = []
  let next = one.parentId
  while (next) {
    const parent = await reads.rows(project).find(next)
    if (!parent || found.some(({ id }) => id === parent.id)) break
    found.push(parent)
    next = parent.parentId
  }
  return found
}

/** Everything below, level by level. */
export async function subtreeOf(reads: Readable, projectId: string): Promise<Project[]> {
  const found: Project[] = []
  let level = [projectId]
  while (level.length > 0) {
    const children = await reads.rows(project).list({ where: { parentId: level } })
    found.push(...children)
    level = children.map(({ id }) => id)
  }
  return found
}

/** `{"child": {"grandchild": null}}`. */
export function idsBelow(all: Project[], projectId: string): Record<string, unknown> | null {
  const children = all.filter(({ parentId }) => parentId === projectId)
  if (children.length === 0) return null
  return Object.fromEntries(children.map(({ id }) => [id, idsBelow(all, id)]))
}
