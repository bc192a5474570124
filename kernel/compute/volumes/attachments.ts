// The volumes of a server and the volume service: made, connected to the server's host, declared attached, released.
import type { Call } from '../../../eden/call.ts'
import { badRequest, isProblem, Problem } from '../../../eden/errors.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ComputeContext } from '../context.ts'
import type { DiskSource } from '../driver.ts'
import { absentIsFine, asCloud } from '../servers/ports.ts'
import type { Server } from '../servers/server.ts'
import { type BlockDevice, blockDevice } from './block-device.ts'

const beyond = everyone('disks of whoever owns the server')

interface Volume {
  id: string
  status: string
  size: number
}

interface Attachment {
  id: string
  connection_info: { data?: DiskSource } | DiskSource | null
}

export const devicesOfServer = (call: Call, serverId: string): Promise<BlockDevice[]> =>
  call.rows(blockDevice, beyond).list({ where: { serverId }, sort: [{ field: 'device' }] })

const change = (call: Call, id: string, patch: Partial<BlockDevice>) =>
  call.transaction((tx) => tx.rows(blockDevice, beyond).change(id, patch))

/** Makes the volumes that the mapping asks for and waits until they can be attached. */
export async function makeVolumes(
  context: ComputeContext,
  call: Call,
  row: Server,
  signal: AbortSignal,
): Promise<void> {
  for (const device of await devicesOfServer(call, row.id)) {
    if (device.source === 'volume') continue
    const volumeId = await makeVolume(context, call, device)
    await becomesAvailable(context, call, volumeId, signal)
  }
}

/** The volume's id is on record before the volume is, so a crash between the two leaves no volume that nobody knows. */
async function makeVolume(context: ComputeContext, call: Call, device: BlockDevice): Promise<string> {
  const { volume } = context
  const sizeGiB = device.sizeGiB ?? (await snapshotSize({ volume }, call, device.sourceId!))
  const volumeId = device.volumeId ?? call.ids.uuid()
  if (device.volumeId === null) await change(call, device.id, { volumeId, sizeGiB })
  else if (await absentIsFine(volume.ask(call, 'GET', `/v3/volumes/${volumeId}`))) return volumeId
  await volume.ask<{ volume: Volume }>(call, 'POST', '/v3/volumes', {
    headers: { 'cloudos-resource-id': volumeId },
    body: {
      volume: {
        size: sizeGiB,
        name: '',
        ...(device.source === 'image' && { imageRef: device.sourceId }),
        ...(device.source === 'snapshot' && { snapshot_id: device.sourceId }),
        ...(device.volumeType && { volume_type: device.volumeType }),
      },
    },
  })
  return volumeId
}

async function snapshotSize({ volume }: Pick<ComputeContext, 'volume'>, call: Call, id: string): Promise<number> {
  const { body } = await volume.ask<{ snapshot: { size: number } }>(call, 'GET', `/v3/snapshots/${id}`)
  return body.snapshot.size
}

/** Looks again whenever something was committed, so nothing is polled; and every second in case the news was lost. */
async function becomesAvailable(
  { volume, ground }: ComputeContext,
  call: Call,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const news = nextNews(ground, id, signal)
    const { body } = await volume.ask<{ volume: Volume }>(call, 'GET', `/v3/volumes/${id}`)
    const { status } = body.volume
    if (status === 'available' || status === 'reserved' || status === 'attaching' || status === 'in-use') {
      news.stop()
      return
    }
    if (status.startsWith('error')) {
      news.stop()
      throw new Problem(
        400,
        'badRequest',
        `Build of instance aborted: Volume ${id} did not finish being created even though we waited; its status is ${status}.`,
      )
    }
    await news.arrives
  }
}

function nextNews(ground: ComputeContext['ground'], id: string, signal: AbortSignal) {
  let stop = () => {}
  const arrives = new Promise<void>((resolve, reject) => {
    const abort = () => {
      stop()
      reject(signal.reason)
    }
    const done = () => {
      stop()
      resolve()
    }
    const forget = ground.store.onCommit((changes) => {
      if (changes.length === 0 || changes.some(({ resourceId }) => resourceId === id)) done()
    })
    const cancel = ground.clock.after(1000, done)
    signal.addEventListener('abort', abort, { once: true })
    stop = () => {
      forget()
      cancel()
      signal.removeEventListener('abort', abort)
    }
  })
  arrives.catch(() => {})
  return { arrives, stop: () => stop() }
}

/** Attaches every planned device to the server's host, and connects again those that were connected before. */
export async function connectDevices(context: ComputeContext, call: Call, row: Server): Promise<BlockDevice[]> {
  const result: BlockDevice[] = []
  for (const device of await devicesOfServer(call, row.id))
    if (device.state !== 'detaching') result.push(await connect(context, call, row, device))
  return result
}

export async function connect(
  context: ComputeContext,
  call: Call,
  row: Server,
  device: BlockDevice,
): Promise<BlockDevice> {
  const attachment = await attachmentFor(context, call, row, device)
  const connection = connectionIn(attachment)
  if (device.attachmentId === attachment.id && JSON.stringify(device.connection) === JSON.stringify(connection))
    return device
  return change(call, device.id, {
    attachmentId: attachment.id,
    connection,
    state: device.state === 'planned' ? 'attaching' : device.state,
  })
}

/** A job has no deadline of its own for a question; a minute is enough for a host to connect a volume. */
const withinMinute = (call: Call) => call.within('compute', { deadline: call.clock.now() + 60_000 })

/** The attachment of this device, made where it is not there yet; connected to the host in any case. */
async function attachmentFor(
  { volume }: ComputeContext,
  call: Call,
  row: Server,
  device: BlockDevice,
): Promise<Attachment> {
  const connector = { host: row.host, instance: row.id, mountpoint: device.device }
  const known = device.attachmentId ?? (await findAttachment({ volume }, call, row.id, device.volumeId!))
  if (known) {
    const { body } = await volume.ask<{ attachment: Attachment }>(
      withinMinute(call),
      'PUT',
      `/v3/attachments/${known}`,
      {
        headers: attachmentVersion,
        body: { attachment: { connector } },
      },
    )
    return body.attachment
  }
  const { body } = await volume.ask<{ attachment: Attachment }>(withinMinute(call), 'POST', '/v3/attachments', {
    headers: attachmentVersion,
    body: { attachment: { volume_uuid: device.volumeId, instance_uuid: row.id, connector } },
  })
  return body.attachment
}

/** Attachments came with 3.27, completing them with 3.44. */
const attachmentVersion = { 'openstack-api-version': 'volume 3.44' }

async function findAttachment(
  { volume }: Pick<ComputeContext, 'volume'>,
  call: Call,
  serverId: string,
  volumeId: string,
): Promise<string | undefined> {
  const { body } = await volume.ask<{ attachments: { id: string; instance: string; volume_id: string }[] }>(
    asCloud(call),
    'GET',
    `/v3/attachments?all_tenants=1&instance_id=${serverId}&volume_id=${volumeId}`,
    { headers: attachmentVersion },
  )
  return body.attachments.find((one) => one.volume_id === volumeId && one.instance === serverId)?.id
}

function connectionIn({ id, connection_info }: Attachment): DiskSource {
  const data = connection_info && 'data' in connection_info ? connection_info.data : connection_info
  if (!data || !('kind' in data)) throw badRequest(`The volume service gave no connection for attachment ${id}.`)
  return data
}

/** Tells the volume service that the guests have their disks now. */
export async function completeAttachments(context: ComputeContext, call: Call, serverId: string): Promise<void> {
  for (const device of await devicesOfServer(call, serverId)) {
    if (device.state === 'attached' || !device.attachmentId) continue
    await complete(context, call, device)
    await change(call, device.id, { state: 'attached' })
  }
}

export const complete = ({ volume }: ComputeContext, call: Call, { attachmentId }: Pick<BlockDevice, 'attachmentId'>) =>
  volume.ask(call, 'POST', `/v3/attachments/${attachmentId}/action`, {
    headers: attachmentVersion,
    body: { 'os-complete': null },
  })

/** Ends an attachment; what is gone already is fine. */
export async function disconnect(
  { volume }: ComputeContext,
  call: Call,
  row: Pick<Server, 'id'>,
  device: BlockDevice,
): Promise<void> {
  const id =
    device.attachmentId ??
    (device.volumeId ? await findAttachment({ volume }, call, row.id, device.volumeId) : undefined)
  if (id)
    await absentIsFine(
      volume.ask(withinMinute(asCloud(call)), 'DELETE', `/v3/attachments/${id}`, { headers: attachmentVersion }),
    )
}

/** Whatever the volume is about to become. One that may not go, because it has snapshots for instance, stays. */
async function removeVolume({ volume }: ComputeContext, call: Call, id: string): Promise<void> {
  const cloud = asCloud(call)
  const seen = await absentIsFine(volume.ask<{ volume: Volume }>(cloud, 'GET', `/v3/volumes/${id}`))
  if (!seen || seen.body.volume.status === 'deleting') return
  if (['creating', 'downloading'].includes(seen.body.volume.status)) {
    const body = { 'os-force_delete': {} }
    await absentIsFine(volume.ask(cloud, 'POST', `/v3/volumes/${id}/action`, { body }))
    return
  }
  try {
    await absentIsFine(volume.ask(cloud, 'DELETE', `/v3/volumes/${id}`))
  } catch (error) {
    if (!isProblem(error) || error.status >= 500) throw error
    call.log.warn({ volume: id, err: error.message }, 'a volume that was to go with its server stays')
  }
}

/**
 * Gives back all volumes of a server.
 * @param removes `made`: the volumes that were made for it go as well; `wished`: those that were to go with it.
 */
export async function releaseDevices(
  context: ComputeContext,
  call: Call,
  row: Server,
  removes: 'made' | 'wished',
): Promise<void> {
  for (const device of await devicesOfServer(call, row.id)) {
    await disconnect(context, call, row, device)
    if (!device.volumeId) continue
    const goes = removes === 'made' ? device.source !== 'volume' : device.deleteOnTermination
    if (goes) await removeVolume(context, call, device.volumeId)
    if (removes === 'made')
      await change(call, device.id, {
        attachmentId: null,
        connection: null,
        state: 'planned',
        ...(goes && { volumeId: null }),
      })
  }
}
