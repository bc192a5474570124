// Noting what is done to a server: when it begins, and how it ended.
import { isoTime } from '../../../eden/clock.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { Server } from '../servers/server.ts'
import { serverAction } from './action.ts'

const beyond = everyone('what was done is noted for whoever owns the server')

/** Returns the id under which the end is noted. */
export async function beginAction(
  tx: Transaction,
  server: Pick<Server, 'id' | 'projectId' | 'host'>,
  action: string,
): Promise<string> {
  const now = isoTime(tx.store.clock.now())
  const row = await tx.rows(serverAction, beyond).insert({
    id: tx.store.ids.uuid(),
    serverId: server.id,
    requestId: tx.call.requestId,
    action,
    projectId: server.projectId,
    userId: tx.call.userId,
    host: server.host,
    startedAt: now,
    changedAt: now,
  })
  return row.id
}

/** @param failure what went wrong; absent where it went well. */
export async function endAction(tx: Transaction, id: string, event: string, failure?: string): Promise<void> {
  const rows = tx.rows(serverAction, beyond)
  const row = await rows.find(id)
  if (!row) return
  const now = isoTime(tx.store.clock.now())
  await rows.update(row, {
    changedAt: now,
    message: failure === undefined ? null : 'Error',
    events: [
      ...row.events,
      {
        event,
        start_time: row.startedAt,
        finish_time: now,
        result: failure === undefined ? 'Success' : 'Error',
        traceback: null,
        details: failure ?? null,
      },
    ],
  })
}
