// Waiting inside a request for what a job does with an attachment: woken by commits, never by a timer's guess.
import type { Call } from '../../../eden/call.ts'
import { timedOut } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { type Attachment, attachment } from './attachment.ts'

/**
 * Resolves with the attachment, or undefined where it is gone, once `isDone` says so.
 * @throws 504 where the request's own time is up first; the job goes on.
 */
export async function awaitAttachment(
  call: Call,
  id: string,
  isDone: (row: Attachment | undefined) => boolean,
): Promise<Attachment | undefined> {
  const { store, clock } = call.ground
  for (;;) {
    const next = Promise.withResolvers<void>()
    // Listening begins before the look, so that nothing falls between them.
    const stop = store.onCommit((changes) => {
      if (changes.length === 0 || changes.some(({ resourceId }) => resourceId === id)) next.resolve()
    })
    const cancel = clock.after(Math.max(1, call.deadline - clock.now()), next.resolve)
    try {
      const row = (await call.rows(attachment, everyone('the caller made or found it')).find(id)) as
        | Attachment
        | undefined
      if (isDone(row)) return row
      if (clock.now() >= call.deadline) throw timedOut(`Attachment ${id} is still being worked on.`)
      await next.promise
    } finally {
      stop()
      cancel()
    }
  }
}
