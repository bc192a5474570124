// A change as the outside sees it.
import type { Change } from './change.ts'

export const published = (one: Change) => ({
  seq: one.seq,
  at: one.at,
  service: one.service,
  type: one.type,
  resource_id: one.resourceId,
  action: one.action,
  project_id: one.projectId,
  user_id: one.userId,
  request_id: one.requestId,
  before: one.before,
  after: one.after,
})
