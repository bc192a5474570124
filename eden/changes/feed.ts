// The change log as it grows: everything after a sequence number that a caller may see, without loss or repeat.
import type { Call } from '../call.ts'
import { everyone } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import { greaterThan, type Where } from '../store/where.ts'
import { type Change, change } from './change.ts'

const pageSize = 500

export interface FeedFilter {
  /** Only these resource types: `server`, `volume`. */
  types?: string[]
  resourceId?: string
  /** For callers who see everything: only this project's. */
  projectId?: string
}

/** What a caller may see of the log: their project's, or with sight of everything all. */
export const visibleChanges = (call: Call, filter: FeedFilter): Where<Change> => ({
  ...(call.sees === 'all' ? filter.projectId && { projectId: filter.projectId } : { projectId: call.projectId }),
  ...(filter.types && { type: filter.types }),
  ...(filter.resourceId && { resourceId: filter.resourceId }),
})

const reading = everyone('the feed filters by what its caller may see')

/** A page of changes after `after`, oldest first. */
export function changesAfter(
  store: Store,
  call: Call,
  after: number,
  filter: FeedFilter,
  limit = pageSize,
): Promise<Change[]> {
  return store
    .reads()
    .rows(change, reading)
    .list({ where: { ...visibleChanges(call, filter), seq: greaterThan(after) }, sort: [{ field: 'seq' }], limit })
}

/** The number of the newest change; where a feed without a start begins. */
export async function newestSeq(store: Store): Promise<number> {
  const [row] = await store
    .reads()
    .rows(change, reading)
    .list({ sort: [{ field: 'seq', descending: true }], limit: 1 })
  return row?.seq ?? 0
}

/**
 * Yields changes as they are committed, `undefined` when `quietMs` pass without one (so that connections stay alive),
 * and ends when the signal says so.
 */
export async function* follow(
  store: Store,
  call: Call,
  after: number,
  filter: FeedFilter,
  signal: AbortSignal,
  quietMs = 15_000,
): AsyncGenerator<Change | undefined> {
  let wake = () => {}
  let isStale = true
  const stale = () => {
    isStale = true
    wake()
  }
  const stop = store.onCommit(stale)
  signal.addEventListener('abort', stale, { once: true })
  let seq = after
  try {
    while (!signal.aborted) {
      isStale = false
      const page = await changesAfter(store, call, seq, filter)
      for (const one of page) {
        seq = one.seq
        yield one
      }
      if (page.length > 0 || isStale || signal.aborted) continue
      const isQuiet = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), quietMs)
        timer.unref()
        wake = () => {
          clearTimeout(timer)
          resolve(false)
        }
      })
      if (isQuiet && !signal.aborted) yield undefined
    }
  } finally {
    stop()
    signal.removeEventListener('abort', stale)
  }
}
