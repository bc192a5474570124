// POST /v2/images/:id/import, and the job that carries it out.
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { requireFormats } from '../data/arrival.ts'
import { receive } from '../data/receive.ts'
import { activeWith } from '../data/upload.ts'
import { allowedImage, freshImage } from '../images/access.ts'
import { backToQueued, image, wholeSecond } from '../images/image.ts'
import { task } from './task.ts'
import { webAddress, webDownload } from './web-download.ts'

interface ImportInput {
  imageId: string
  taskId: string
  storeKey: string
  store: string
  diskFormat: string
  /** Absent where the bytes are staged already. */
  uri?: string
}

export const importImageJob = job<ImageContext, ImportInput>('image.import', { deadline: '12h' })
  .write('begin', {
    do: async (tx, { taskId }, _, context) => {
      const row = await tx.rows(task).find(taskId)
      if (row) await tx.rows(task).update(row, { status: 'processing', updatedAt: wholeSecond(context.clock.now()) })
    },
  })
  .step('fetch', {
    within: '6h',
    do: async (context, { uri, storeKey, diskFormat }, _, run) => {
      if (uri === undefined) return undefined
      // What an interrupted try left goes first.
      await context.store.remove(storeKey)
      const bytes = await webDownload(uri, context.config.importFromPrivateAddresses, run.signal)
      return receive(context, bytes, storeKey, diskFormat)
    },
    undo: (context, { storeKey }) => context.store.remove(storeKey),
  })
  .write('settle', {
    do: async (tx, { imageId, storeKey, taskId, store }, done, context) => {
      const row = await tx.rows(image).find(imageId)
      if (row?.storeKey !== storeKey) throw conflict(`Image ${imageId} was deleted while it was imported.`)
      const received = done.fetch ?? row.staged
      if (!received) throw conflict(`Image ${imageId} has no staged data.`)
      const updatedAt = wholeSecond(context.clock.now())
      await tx.rows(image).update(row, {
        ...activeWith(received),
        importJobId: null,
        importingToStores: '',
        failedImport: '',
        updatedAt,
      })
      const record = await tx.rows(task).find(taskId)
      if (record)
        await tx.rows(task).update(record, { status: 'success', message: `Copied 1 image to ${store}`, updatedAt })
    },
  })
  .failed(async (tx, { imageId, storeKey, taskId, store }, failure, context) => {
    const updatedAt = wholeSecond(context.clock.now())
    const row = await tx.rows(image).find(imageId)
    tx.onCommitted(() => {
      context.store
        .remove(storeKey)
        .catch((error) => tx.call.log.warn({ err: error, image: imageId }, 'bytes of a failed import stayed behind'))
    })
    if (row?.storeKey === storeKey)
      await tx
        .rows(image)
        .update(row, { ...backToQueued, size: null, importingToStores: '', failedImport: store, updatedAt })
    const record = await tx.rows(task).find(taskId)
    if (record)
      await tx.rows(task).update(record, { status: 'failure', message: failure.message.slice(0, 4000), updatedAt })
  })

interface ImportRequest {
  method?: { name?: string; uri?: string }
  stores?: unknown
  all_stores?: unknown
}

export const importImage: ServiceOperation<ImageContext> = async (context, call, { params, body }) => {
  const id = params.id!
  const request = (body ?? {}) as ImportRequest
  const name = request.method?.name
  if (!name || !context.config.importMethods.includes(name))
    throw badRequest(`Unknown import method name '${name}'; this cloud has ${context.config.importMethods.join(', ')}.`)
  requireKnownStores(request, context.store.name)
  const uri = name === 'web-download' ? webAddress(request.method?.uri).href : undefined
  const seen = await allowedImage(call, id, 'modify_image')
  requireFormats(seen)
  await call.transaction(async (tx) => {
    const row = await freshImage(tx, id)
    const needed = name === 'glance-direct' ? 'uploading' : 'queued'
    if (row.status !== needed || (needed === 'uploading' && !row.staged))
      throw conflict(
        `Image needs to be ${needed === 'uploading' ? 'staged' : 'in queued state'} before '${name}' can be called.`,
        {
          reason: { status: row.status, needed },
        },
      )
    const taskId = await addTask(call, tx, id, body)
    const storeKey = row.storeKey ?? call.ids.uuid()
    const input: ImportInput = {
      imageId: id,
      taskId,
      storeKey,
      store: context.store.name,
      diskFormat: row.diskFormat!,
      ...(uri !== undefined && { uri }),
    }
    const importJobId = await enqueue(tx, importImageJob, input, {
      resourceType: 'image',
      resourceId: id,
      projectId: row.owner,
    })
    await tx.rows(image).update(row, {
      status: 'importing',
      storeKey,
      importJobId,
      importingToStores: context.store.name,
      failedImport: '',
      updatedAt: wholeSecond(call.clock.now()),
    })
  })
  return accepted()
}

function addTask(call: Call, tx: Parameters<Parameters<Call['transaction']>[0]>[0], imageId: string, body: unknown) {
  const now = call.clock.now()
  return tx
    .rows(task)
    .insert({
      id: call.ids.uuid(),
      type: 'api_image_import',
      status: 'pending',
      owner: call.credentials.projectId ?? '',
      userId: call.credentials.userId ?? null,
      requestId: call.requestId,
      imageId,
      input: { image_id: imageId, import_req: body },
      createdAt: wholeSecond(now),
      updatedAt: wholeSecond(now),
      expiresAt: wholeSecond(now + 48 * 3600_000),
    })
    .then((row) => row.id)
}

function requireKnownStores({ stores }: ImportRequest, known: string) {
  if (stores === undefined) return
  if (!Array.isArray(stores) || stores.length === 0) throw badRequest("'stores' must be a list of store names.")
  const unknown = (stores as unknown[]).filter((store) => store !== known)
  if (unknown.length > 0) throw conflict(`Stores ${unknown.join(', ')} do not exist; this cloud has '${known}'.`)
}
