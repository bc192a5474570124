// The job that makes a volume: a host is chosen, the bytes are made there, the row says so.
import { cloudCredentials } from '../../../eden/call.ts'
import { Problem, unavailable } from '../../../eden/errors.ts'
import { job, type StepRun } from '../../../eden/jobs/job.ts'
import type { VolumeContext } from '../context.ts'
import { askHost, fillVolume } from '../host/ask.ts'
import { leaveMessage } from '../messages/message.ts'
import { choosePool } from '../placement/choose.ts'
import { poolsOf } from '../placement/pools.ts'
import type { Source } from './source.ts'
import { volume } from './volume.ts'

export interface CreateVolume {
  id: string
  sizeGiB: number
  zone: string | null
  extraSpecs: Record<string, string>
  source: Source
  bootable: boolean
}

export const createVolumeJob = job<VolumeContext, CreateVolume>('volume.create', { deadline: '6h' })
  .step('ask', {
    do: async (context, _, __, run) => {
      const pools = await poolsOf(context, run.call.ground.store.reads(run.call))
      // All of them away at once are about to come back: the host that is started anew, mostly.
      if (pools.length > 0 && pools.every(({ isUp }) => !isUp)) throw unavailable('No volume host answers now.')
      return pools
    },
  })
  .write('place', {
    do: async (tx, { id, sizeGiB, zone, extraSpecs, source }, done) => {
      const onlyHost = 'host' in source ? source.host : undefined
      const choice = choosePool(done.ask, { sizeGiB, zone, extraSpecs, ...(onlyHost !== undefined && { onlyHost }) })
      if ('rejected' in choice) {
        const why = choice.rejected.map(({ host, why }) => `${host}: ${why}`).join('; ') || 'there are no volume hosts'
        throw new Problem(409, 'noValidHost', `No host can take this volume (${why}).`, {
          reason: { rejected: choice.rejected },
        })
      }
      const backend = done.ask.find(({ host }) => host === choice.host)!.backend
      await tx.rows(volume).change(id, { host: choice.host, backend })
      return choice
    },
  })
  .step('make', {
    within: '4h',
    do: async (context, input, done, run) => make(context, input, done.place.host, run),
    undo: async (context, { id }, done) => {
      if (done.place) await askHost(context, done.place.host, 'remove', { id })
    },
  })
  .write('settle', {
    do: (tx, { id, bootable }) => tx.rows(volume).change(id, { status: 'available', bootable }),
  })
  .failed(async (tx, { id }, failure, context) => {
    const row = await tx.rows(volume).find(id)
    if (!row || row.status === 'deleting') return
    // Undone: no bytes are anywhere.
    await tx.rows(volume).update(row, { status: 'error', host: null })
    const about = { resourceType: 'VOLUME', resourceId: id, projectId: row.projectId, action: 'create volume' } as const
    await leaveMessage(tx, context, about, failure.message)
  })

async function make(context: VolumeContext, input: CreateVolume, host: string, run: StepRun): Promise<void> {
  const { id, sizeGiB, source } = input
  const options = { signal: run.signal }
  if (source.kind === 'empty') await askHost(context, host, 'createEmpty', { id, sizeGiB }, options)
  else if (source.kind === 'snapshot') {
    const from = { id: source.snapshotId, volumeId: source.volumeId }
    await askHost(context, host, 'createFromSnapshot', { id, sizeGiB, snapshot: from }, options)
  } else if (source.kind === 'volume')
    await askHost(context, host, 'createFromVolume', { id, sizeGiB, sourceId: source.volumeId }, options)
  else await makeFromImage(context, input, source, host, run)
}

async function makeFromImage(
  context: VolumeContext,
  { id, sizeGiB }: CreateVolume,
  { imageId, format, sizeBytes }: Extract<Source, { kind: 'image' }>,
  host: string,
  run: StepRun,
) {
  const asCloud = run.call.within('volume', { credentials: cloudCredentials })
  const { body } = await context.image.ask<{ path: string | null }>(
    asCloud,
    'GET',
    `/internal/images/${imageId}/location`,
  )
  if (body.path !== null) {
    try {
      await askHost(context, host, 'createFromFile', { id, sizeGiB, format, path: body.path }, { signal: run.signal })
      return
    } catch (error) {
      // The store's file is not on that host: the bytes travel.
      if ((error as Problem).status !== 404) throw error
    }
  }
  const { stream } = await context.image.ask(run.call, 'GET', `/v2/images/${imageId}/file`)
  if (!stream) throw new Problem(409, 'noData', `Image ${imageId} has no data.`)
  await fillVolume(context, host, { id, sizeGiB, format, sizeBytes }, stream)
}
