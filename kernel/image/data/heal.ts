// Reconcilers of the bytes: uploads whose receiver died, imports whose job is gone, objects that no image has.
import { isoTime } from '../../../eden/clock.ts'
import { reconciler } from '../../../eden/jobs/reconciler.ts'
import { jobRecord } from '../../../eden/jobs/record.ts'
import type { ImageContext } from '../context.ts'
import { backToQueued, type Image, image } from '../images/image.ts'
import { receiverLeaseMs } from './arrival.ts'

export const healUploads = reconciler<ImageContext>('image.uploads', {
  every: '30s',
  run: async (context, call) => {
    const repaired: string[] = []
    const waiting = await call.rows(image).list({ where: { status: ['saving', 'uploading', 'importing'] } })
    for (const row of waiting as Image[]) {
      if (!(await isLost(context, row, async (id) => (await call.rows(jobRecord).find(id))?.active ?? false))) continue
      const healed = await call.transaction(async (tx) => {
        const now = await tx.rows(image).find(row.id)
        if (!now || now.storeKey !== row.storeKey || now.status !== row.status) return false
        await tx.rows(image).update(now, { ...backToQueued, size: null })
        return true
      })
      if (healed) repaired.push(`image ${row.id} was ${row.status} and nobody was sending: queued again`)
    }
    if (repaired.length > 0) context.trigger('image.strays')
    return repaired
  },
})

async function isLost(context: ImageContext, row: Image, isJobActive: (id: string) => Promise<boolean>) {
  if (row.status === 'importing') return !(row.importJobId && (await isJobActive(row.importJobId)))
  // Staged and whole: it waits for its import.
  if (row.status === 'uploading' && row.staged) return false
  if (row.storeKey && context.receiving.has(row.storeKey)) return false
  if (isDeadNeighbour(row.receiver, context.receiver)) return true
  const silentSince = isoTime(context.clock.now() - receiverLeaseMs)
  return (row.receiverSeenAt ?? '') < silentSince
}

/** A receiver on this machine whose process is gone, or was this one's number before. */
function isDeadNeighbour(receiver: string | null, mine: string): boolean {
  if (receiver === null) return true
  const [host, pid] = receiver.split('/')
  const [ownHost, ownPid] = mine.split('/')
  if (host !== ownHost) return false
  if (receiver === mine || pid === ownPid) return true
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

export const removeStrays = reconciler<ImageContext>('image.strays', {
  every: '10m',
  run: async (context, call) => {
    // First the store, then the rows: a key is in its row before its bytes are in the store.
    const present = await context.store.list()
    if (present.length === 0) return []
    const rows = await call.rows(image).list()
    const wanted = new Set(rows.map(({ storeKey }) => storeKey))
    const repaired: string[] = []
    for (const key of present) {
      if (wanted.has(key) || context.receiving.has(key)) continue
      await context.store.remove(key)
      repaired.push(`object ${key} belonged to no image: removed`)
    }
    return repaired
  },
})
