// What upload and stage share: an image that takes bytes from its caller, and waits for them again when they do not come.
import type { Readable } from 'node:stream'
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { badRequest, conflict, Problem, unsupportedMedia } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ImageContext } from '../context.ts'
import { allowedImage, freshImage } from '../images/access.ts'
import { backToQueued, type Image, image, type Received, wholeSecond } from '../images/image.ts'
import { nowhere, receive } from './receive.ts'

/** A receiver that was silent for longer is taken for dead. */
export const receiverLeaseMs = 30_000

const beyond = everyone('the image was checked when the upload began')

/**
 * Brings the stream into the store while the image is in the state `during`, then writes what `finish` says.
 * Anything that goes wrong puts the image back to `queued` with nothing stored; a crash is healed by the reconciler.
 * In a dry run the bytes are judged all the same, and kept nowhere.
 */
export async function takeBytes(
  context: ImageContext,
  call: Call,
  id: string,
  stream: Readable | undefined,
  contentType: string | undefined,
  during: 'saving' | 'uploading',
  finish: (received: Received) => Partial<Image>,
): Promise<void> {
  if (contentType?.split(';')[0] !== 'application/octet-stream')
    throw unsupportedMedia('Image data is sent with the content type application/octet-stream.')
  const seen = await allowedImage(call, id, 'upload_image')
  requireFormats(seen)
  if (!stream) throw badRequest('The request has no body; send the bytes of the image.')
  const key = call.ids.uuid()
  if (call.dryRun) {
    await begin(context, call, id, key, during)
    await receive({ store: nowhere, config: context.config }, stream, key, seen.diskFormat!)
    return
  }
  context.receiving.add(key)
  try {
    await begin(context, call, id, key, during)
    const stop = keepAlive(context, call, id, key)
    try {
      const received = await receive(context, stream, key, seen.diskFormat!)
      await end(context, call, id, key, finish(received))
    } catch (error) {
      await giveUp(context, call, id, key)
      throw error
    } finally {
      stop()
    }
  } finally {
    context.receiving.delete(key)
  }
}

/** @throws 400 where what the bytes will be is not said. */
export function requireFormats(row: Image) {
  const missing = [!row.diskFormat && 'disk_format', !row.containerFormat && 'container_format'].filter(Boolean)
  if (missing.length > 0)
    throw badRequest(`Properties ${missing.join(', ')} must be set prior to saving data.`, { reason: { missing } })
}

const begin = (context: ImageContext, call: Call, id: string, key: string, during: 'saving' | 'uploading') =>
  call.transaction(async (tx) => {
    const row = await freshImage(tx, id)
    if (row.status !== 'queued')
      throw conflict(`Image status transition from ${row.status} to ${during} is not allowed.`, {
        reason: { status: row.status },
      })
    await tx.rows(image).update(row, {
      status: during,
      storeKey: key,
      staged: null,
      receiver: context.receiver,
      receiverSeenAt: isoTime(call.clock.now()),
      failedImport: null,
      importingToStores: null,
    })
  })

const end = (context: ImageContext, call: Call, id: string, key: string, patch: Partial<Image>) =>
  call.transaction(async (tx) => {
    const row = await tx.rows(image, beyond).find(id)
    if (row?.storeKey !== key || row.receiver !== context.receiver)
      throw new Problem(410, 'gone', `Image ${id} was deleted, or given up, while its bytes arrived.`)
    await tx.rows(image, beyond).update(row, {
      receiver: null,
      receiverSeenAt: null,
      updatedAt: wholeSecond(call.clock.now()),
      ...patch,
    })
  })

async function giveUp(context: ImageContext, call: Call, id: string, key: string) {
  try {
    await context.store.remove(key)
    await call.transaction(async (tx) => {
      const row = await tx.rows(image, beyond).find(id)
      if (row?.storeKey === key) await tx.rows(image, beyond).update(row, backToQueued)
    })
  } catch (error) {
    // The reconciler does the same once this receiver counts as dead.
    call.log.warn({ err: error, image: id }, 'an upload that failed could not be cleared away yet')
  }
}

/** Tells other processes that the upload lives. */
function keepAlive(context: ImageContext, call: Call, id: string, key: string): () => void {
  let cancel = () => {}
  const beat = () => {
    cancel = context.clock.after(receiverLeaseMs / 3, () => {
      call
        .transaction(async (tx) => {
          const query = tx.sql
            .updateTable(image.table)
            .set({ receiver_seen_at: isoTime(context.clock.now()) })
            .where('id', '=', id)
            .where('store_key', '=', key)
          await tx.run(query.compile())
        })
        .catch((error) => call.log.warn({ err: error, image: id }, 'an upload could not say that it lives'))
      beat()
    })
  }
  beat()
  return () => cancel()
}
