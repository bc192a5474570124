// Projects and domains as replies show them.
import type { Call } from '../../../eden/call.ts'
import { shown } from '../extras/shown.ts'
import { type Project, project } from './project.ts'

export const projectView = (call: Call, row: Project) => {
  const { parent_id, ...rest } = shown(call, project, row, 'projects')
  return { ...rest, parent_id: parent_id ?? row.domainId }
}

export const domainView = (call: Call, row: Project) => {
  const { domain_id, parent_id, is_domain, ...rest } = shown(call, project, row, 'domains')
  return rest
}
