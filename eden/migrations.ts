// Eden's own tables.

import { change } from './changes/change.ts'
import { idempotencyKey } from './http/idempotency.ts'
import { jobRecord } from './jobs/record.ts'
import { quotaLimit } from './quota/quota.ts'
import type { Migration } from './store/schema.ts'

export const edenMigrations: Migration[] = [
  { name: '0001-changes-and-jobs', up: (schema) => schema.tables(change, jobRecord, idempotencyKey, quotaLimit) },
]
