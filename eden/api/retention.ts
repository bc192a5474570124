// What is kept for a time only: changes, ended jobs, keys of requests.
import type { Call } from '../call.ts'
import { change } from '../changes/change.ts'
import { isoTime } from '../clock.ts'
import { idempotencyKey } from '../http/idempotency.ts'
import { jobRecord } from '../jobs/record.ts'
import type { EdenSettings } from './config.ts'

const dayMs = 86_400_000

/** Deletes what is older than the settings keep. Returns what went, in words. */
export async function prune(call: Call, settings: EdenSettings): Promise<string[]> {
  const before = (days: number) => isoTime(call.clock.now() - days * dayMs)
  const gone = await call.transaction(async (tx) => {
    const { sql } = tx
    return {
      changes: await tx.run(sql.deleteFrom(change.table).where('at', '<', before(settings.changesKeptDays)).compile()),
      jobs: await tx.run(
        sql
          .deleteFrom(jobRecord.table)
          .where('active', '=', 0)
          .where('finished_at', '<', before(settings.jobsKeptDays))
          .compile(),
      ),
      'idempotency keys': await tx.run(
        sql.deleteFrom(idempotencyKey.table).where('created_at', '<', before(1)).compile(),
      ),
    }
  })
  return Object.entries(gone)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} old ${what} removed`)
}
