// createImage: the root disk as it is at one instant becomes an image; a server on volumes becomes an image that names
// snapshots of them.
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { conflict } from '../../../eden/errors.ts'
import { reply } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import { beginAction, endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import { speaks } from '../versions/since.ts'
import { devicesOfServer } from '../volumes/attachments.ts'
import { metadataItems } from './create-body.ts'
import type { OnServer } from './delete.ts'
import { checkState, getServer, hostOf } from './find.ts'
import { absentIsFine, asCloud } from './ports.ts'
import { type Server, server } from './server.ts'

export const createImageBody = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' }), metadata: Type.Optional(metadataItems) },
  { additionalProperties: false },
)

interface Given {
  name: string
  metadata?: Record<string, string>
}

type Snapshot = OnServer & { imageId: string; format: 'qcow2' | 'raw' }

const beyond = everyone('the job serves whoever asked for the image')
const event = 'compute_snapshot_instance'

export const createImageJob = job<ComputeContext, Snapshot>('server.create_image')
  .step('upload', {
    within: '25m',
    attempts: 1,
    do: async ({ hosts, image }, { serverId, imageId, format }, _, { call }) => {
      const row = await call.rows(server).get(serverId)
      // An earlier try that was cut off after its end.
      const { body } = await image.ask<{ status: string }>(call, 'GET', `/v2/images/${imageId}`)
      if (body.status === 'active') return
      const stream = await hosts.get(hostOf(row)).stream('snapshot', { id: serverId, format })
      await image.ask(call, 'PUT', `/v2/images/${imageId}/file`, {
        stream,
        headers: { 'content-type': 'application/octet-stream' },
      })
    },
    undo: ({ image }, { imageId }, _, { call }) => absentIsFine(image.ask(call, 'DELETE', `/v2/images/${imageId}`)),
  })
  .write('settle', {
    do: async (tx, { serverId, actionId }) => {
      await tx.rows(server, beyond).change(serverId, { task: null })
      await endAction(tx, actionId, event)
    },
  })
  .failed(async (tx, { serverId, actionId }, failure) => {
    const row = await tx.rows(server, beyond).find(serverId)
    if (row && row.task !== 'deleting') await tx.rows(server, beyond).update(row, { task: null })
    await endAction(tx, actionId, event, failure.message)
  })

/** Properties of the server's image that its snapshots inherit. */
const inherited = (row: Server) =>
  Object.fromEntries(
    Object.entries(row.image?.properties ?? {}).filter(([name]) =>
      /^(hw_|os_|architecture|kernel_id|ramdisk_id)/.test(name),
    ),
  )

export async function createImage(context: ComputeContext, call: Call, id: string, given: Given) {
  const row = await getServer(call, call, id, 'os_compute_api:servers:create_image')
  checkState(call, row, { action: 'createImage', states: ['active', 'stopped', 'paused'] })
  const imageId =
    row.imageId === null ? await ofVolumes(context, call, row, given) : await ofRoot(context, call, row, given)
  const location = `${call.origin}/v2.1/images/${imageId}`
  return speaks(call, '2.45') ? reply(202, { image_id: imageId }, { location }) : reply(202, undefined, { location })
}

const properties = (row: Server, given: Given) => ({
  ...inherited(row),
  instance_uuid: row.id,
  user_id: row.userId,
  image_type: 'snapshot',
  ...given.metadata,
})

async function ofRoot({ image }: ComputeContext, call: Call, seen: Server, given: Given): Promise<string> {
  const format = seen.image?.diskFormat === 'raw' ? 'raw' : 'qcow2'
  const { body } = await image.ask<{ id: string }>(call, 'POST', '/v2/images', {
    body: {
      name: given.name,
      disk_format: format,
      container_format: 'bare',
      visibility: 'private',
      min_disk: seen.flavor.diskGiB,
      min_ram: 0,
      base_image_ref: seen.imageId,
      ...properties(seen, given),
    },
  })
  try {
    await call.transaction(async (tx) => {
      const row = await getServer(call, tx, seen.id, 'os_compute_api:servers:create_image')
      checkState(call, row, { action: 'createImage', states: ['active', 'stopped', 'paused'] })
      await begin(tx, row, body.id, format)
    })
  } catch (error) {
    await absentIsFine(image.ask(call, 'DELETE', `/v2/images/${body.id}`))
    throw error
  }
  return body.id
}

async function begin(tx: Transaction, row: Server, imageId: string, format: 'qcow2' | 'raw') {
  await tx.rows(server).update(row, { task: 'image_snapshot' })
  const actionId = await beginAction(tx, row, 'createImage')
  await enqueue(
    tx,
    createImageJob,
    { serverId: row.id, actionId, imageId, format },
    { resourceType: 'server', resourceId: row.id, projectId: row.projectId },
  )
}

/** Snapshots are quick, so the reply waits for them to have begun; a failure removes those that were. */
async function ofVolumes({ image, volume }: ComputeContext, call: Call, row: Server, given: Given): Promise<string> {
  call.require('os_compute_api:servers:create_image:allow_volume_backed', row)
  const devices = (await devicesOfServer(call, row.id)).filter(({ volumeId }) => volumeId !== null)
  if (!devices.some(({ bootIndex }) => bootIndex === 0))
    throw conflict(`Instance ${row.id} has no volume that it boots from.`)
  const undo: (() => Promise<unknown>)[] = []
  try {
    const mapping = []
    for (const device of devices) {
      const { body } = await volume.ask<{ snapshot: { id: string; size: number } }>(call, 'POST', '/v3/snapshots', {
        body: { snapshot: { volume_id: device.volumeId, force: true, name: `snapshot for ${given.name}` } },
      })
      const snapshot = `/v3/snapshots/${body.snapshot.id}`
      // By force: it may still be in the making.
      undo.push(() => volume.ask(asCloud(call), 'POST', `${snapshot}/action`, { body: { 'os-force_delete': {} } }))
      mapping.push({
        source_type: 'snapshot',
        destination_type: 'volume',
        snapshot_id: body.snapshot.id,
        volume_size: body.snapshot.size,
        boot_index: device.bootIndex,
        device_name: device.device,
        delete_on_termination: device.deleteOnTermination,
      })
    }
    const { body } = await image.ask<{ id: string }>(call, 'POST', '/v2/images', {
      body: {
        name: given.name,
        // Nothing at all is a raw disk, but no qcow2.
        disk_format: 'raw',
        container_format: 'bare',
        visibility: 'private',
        ...properties(row, given),
        bdm_v2: 'True',
        block_device_mapping: JSON.stringify(mapping),
        root_device_name: row.rootDevice,
      },
    })
    undo.push(() => image.ask(call, 'DELETE', `/v2/images/${body.id}`))
    // In a dry run there is no image that could take them.
    if (!call.dryRun)
      await image.ask(call, 'PUT', `/v2/images/${body.id}/file`, {
        stream: empty(),
        headers: { 'content-type': 'application/octet-stream' },
      })
    return body.id
  } catch (error) {
    for (const step of undo.reverse()) await absentIsFine(step())
    throw error
  }
}

const empty = () => Readable.from([])
