// Which operation answers which request about projects and domains.
import { Type } from 'typebox'
import { bodyOf, wrapped } from '../../../eden/resource/input.ts'
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import { createDomain, createProject } from './create.ts'
import { listDomains, listProjects, showDomain, showProject } from './list.ts'
import { project, tagSchema } from './project.ts'
import { removeDomain, removeProject } from './remove.ts'
import { addTag, listTags, removeTag, removeTags, replaceTags, showTag } from './tags.ts'
import { updateDomain, updateProject } from './update.ts'

const r = routes<IdentityContext>()
const create = bodyOf(project, { for: 'create', required: ['name'], open: true })
const update = bodyOf(project, { for: 'update', open: true })
const tagList = Type.Object(
  { tags: Type.Array(tagSchema, { maxItems: 80, uniqueItems: true }) },
  { additionalProperties: false },
)

export const projectRoutes = [
  r('GET', '/v3/projects', listProjects),
  r('POST', '/v3/projects', createProject, { body: wrapped('project', create) }),
  r('GET', '/v3/projects/:project_id', showProject),
  r('PATCH', '/v3/projects/:project_id', updateProject, { body: wrapped('project', update) }),
  r('DELETE', '/v3/projects/:project_id', removeProject),
  r('GET', '/v3/projects/:project_id/tags', listTags),
  r('PUT', '/v3/projects/:project_id/tags', replaceTags, { body: tagList }),
  r('DELETE', '/v3/projects/:project_id/tags', removeTags),
  r('GET', '/v3/projects/:project_id/tags/:tag', showTag),
  r('PUT', '/v3/projects/:project_id/tags/:tag', addTag),
  r('DELETE', '/v3/projects/:project_id/tags/:tag', removeTag),
  r('GET', '/v3/domains', listDomains),
  r('POST', '/v3/domains', createDomain, { body: wrapped('domain', create) }),
  r('GET', '/v3/domains/:domain_id', showDomain),
  r('PATCH', '/v3/domains/:domain_id', updateDomain, { body: wrapped('domain', update) }),
  r('DELETE', '/v3/domains/:domain_id', removeDomain),
]
