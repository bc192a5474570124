// The volumes of a server: attached and detached while it runs, each as a saga over server and volume.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden, isProblem, notFound } from '../../../eden/errors.ts'
import { accepted, type Input, ok } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { beginAction, endAction } from '../actions/record.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import type { OnServer } from '../servers/delete.ts'
import { checkState, getServer, hostOf } from '../servers/find.ts'
import { diskSpec } from '../servers/guest.ts'
import { type Server, server } from '../servers/server.ts'
import { speaks } from '../versions/since.ts'
import { complete, connect, disconnect } from './attachments.ts'
import { type BlockDevice, blockDevice, freeDevice } from './block-device.ts'

const rule = (name: string) => `os_compute_api:os-volumes-attachments:${name}`
const beyond = everyone('the job serves whoever asked for it')
type OnDevice = OnServer & { deviceId: string }

export const attachVolumeJob = job<ComputeContext, OnDevice>('server.attach_volume')
  .step('connect', {
    do: async (context, { serverId, deviceId }, _, { call }) => {
      const [row, device] = await both(call, serverId, deviceId)
      await connect(context, call, row, device)
    },
    undo: async (context, { serverId, deviceId }, _, { call }) => {
      const device = await call.rows(blockDevice).find(deviceId)
      if (device) await disconnect(context, call, { id: serverId }, device)
    },
  })
  .step('plug', {
    do: async ({ hosts }, { serverId, deviceId }, _, { call, signal }) => {
      const [row, device] = await both(call, serverId, deviceId)
      const disk = diskSpec(device.volumeId!, device.connection!)
      await hosts.get(hostOf(row)).ask('attachDisk', { id: serverId, disk }, { signal })
    },
    undo: async ({ hosts }, { serverId, deviceId }, _, { call }) => {
      const row = await call.rows(server).find(serverId)
      const device = await call.rows(blockDevice).find(deviceId)
      if (row?.host && device?.volumeId)
        await hosts.get(row.host).ask('detachDisk', { id: serverId, diskId: device.volumeId })
    },
  })
  .step('complete', {
    do: async (context, { serverId, deviceId }, _, { call }) => {
      const [, device] = await both(call, serverId, deviceId)
      await complete(context, call, device)
    },
  })
  .write('settle', {
    do: async (tx, { deviceId, actionId }) => {
      await tx.rows(blockDevice, beyond).change(deviceId, { state: 'attached' })
      await endAction(tx, actionId, 'compute_attach_volume')
    },
  })
  .failed(async (tx, { deviceId, actionId }, failure) => {
    await tx.rows(blockDevice, beyond).removeAll({ id: deviceId })
    await endAction(tx, actionId, 'compute_attach_volume', failure.message)
  })

const both = async (call: Call, serverId: string, deviceId: string): Promise<[Server, BlockDevice]> => [
  await call.rows(server).get(serverId),
  await call.rows(blockDevice).get(deviceId),
]

export const detachVolumeJob = job<ComputeContext, OnDevice>('server.detach_volume')
  .step('unplug', {
    do: async ({ hosts }, { serverId, deviceId }, _, { call, signal }) => {
      const [row, device] = await both(call, serverId, deviceId)
      if (device.volumeId)
        await hosts.get(hostOf(row)).ask('detachDisk', { id: serverId, diskId: device.volumeId }, { signal })
    },
  })
  .step('disconnect', {
    do: async (context, { serverId, deviceId }, _, { call }) => {
      const device = await call.rows(blockDevice).find(deviceId)
      if (device) await disconnect(context, call, { id: serverId }, device)
    },
  })
  .write('settle', {
    do: async (tx, { deviceId, actionId }) => {
      await tx.rows(blockDevice, beyond).removeAll({ id: deviceId })
      await endAction(tx, actionId, 'compute_detach_volume')
    },
  })
  .failed(async (tx, { deviceId, actionId }, failure) => {
    const row = await tx.rows(blockDevice, beyond).find(deviceId)
    if (row) await tx.rows(blockDevice, beyond).update(row, { state: 'attached' })
    await endAction(tx, actionId, 'compute_detach_volume', failure.message)
  })

const shown = (call: Call, device: BlockDevice) => ({
  ...(!speaks(call, '2.89') && { id: device.volumeId }),
  serverId: device.serverId,
  volumeId: device.volumeId,
  device: device.device,
  ...(speaks(call, '2.70') && { tag: device.tag }),
  ...(speaks(call, '2.79') && { delete_on_termination: device.deleteOnTermination }),
  ...(speaks(call, '2.89') && { attachment_id: device.attachmentId, bdm_uuid: device.id }),
})

const volumesOf = async (call: Call, serverId: string) =>
  (await call.rows(blockDevice, beyond).list({ where: { serverId }, sort: [{ field: 'device' }] })).filter(
    ({ volumeId }) => volumeId !== null,
  )

async function get(call: Call, row: Server, volumeId: string): Promise<BlockDevice> {
  const found = (await volumesOf(call, row.id)).find((device) => device.volumeId === volumeId)
  if (!found) throw notFound(`Instance ${row.id} is not attached to volume ${volumeId}`)
  return found
}

async function list({ config }: ComputeContext, call: Call, { params, query }: Input) {
  const row = await getServer(call, call, params.id!, rule('index'))
  for (const name of ['limit', 'offset'] as const)
    if (query[name] !== undefined && !/^\d+$/.test(query[name]))
      throw badRequest(`Invalid input for query parameters ${name}. Value: ${query[name]}.`)
  const offset = Number(query.offset ?? 0)
  const devices = (await volumesOf(call, row.id)).slice(offset, offset + Number(query.limit ?? config.maxLimit))
  return ok({ volumeAttachments: devices.map((device) => shown(call, device)) })
}

async function show(_: ComputeContext, call: Call, { params }: Input) {
  const row = await getServer(call, call, params.id!, rule('show'))
  return ok({ volumeAttachment: shown(call, await get(call, row, params.volume!)) })
}

const attachBody = Type.Object(
  {
    volumeAttachment: Type.Object(
      {
        volumeId: Type.String({ format: 'uuid' }),
        device: Type.Optional(
          Type.Union([Type.Null(), Type.String({ pattern: '(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$' })]),
        ),
        tag: Type.Optional(Type.String({ minLength: 1, maxLength: 60, pattern: '^[^,/]*$' })),
        delete_on_termination: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

interface Given {
  volumeId: string
  device?: string | null
  tag?: string
  delete_on_termination?: boolean
}

async function checkVolume({ volume }: ComputeContext, call: Call, id: string): Promise<void> {
  try {
    const { body } = await volume.ask<{ volume: { status: string; multiattach?: boolean } }>(
      call,
      'GET',
      `/v3/volumes/${id}`,
    )
    const { status, multiattach } = body.volume
    if (status !== 'available' && !(multiattach && status === 'in-use'))
      throw badRequest(`Invalid volume: volume ${id} status must be 'available'. Currently in '${status}' status.`)
  } catch (cause) {
    if (isProblem(cause) && cause.status === 404) throw notFound(`Volume ${id} could not be found.`, { cause })
    throw cause
  }
}

async function attach(context: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { volumeAttachment: Given }).volumeAttachment
  if (given.tag !== undefined && !speaks(call, '2.49'))
    throw badRequest("Additional properties are not allowed ('tag' was unexpected)")
  if (given.delete_on_termination !== undefined && !speaks(call, '2.79'))
    throw badRequest("Additional properties are not allowed ('delete_on_termination' was unexpected)")
  const needs = { action: 'attach_volume', states: ['active', 'paused', 'stopped'] as const }
  checkState(call, await getServer(call, call, params.id!, rule('create')), needs)
  const isHere = (await volumesOf(call, params.id!)).some(({ volumeId }) => volumeId === given.volumeId)
  if (isHere) throw badRequest(`Invalid volume: volume ${given.volumeId} already attached to the server ${params.id}`)
  await checkVolume(context, call, given.volumeId)
  const device = await call.transaction(async (tx) => {
    const row = await getServer(call, tx, params.id!, rule('create'))
    checkState(call, row, needs)
    hostOf(row)
    const rows = tx.rows(blockDevice, beyond)
    const present = await rows.list({ where: { serverId: row.id } })
    const taken = [row.rootDevice, ...present.map((one) => one.device)]
    const wish = given.device?.replace(/^\/dev\/[shx]?v?d/, '/dev/vd')
    const device = await rows.insert({
      id: call.ids.uuid(),
      serverId: row.id,
      projectId: row.projectId,
      volumeId: given.volumeId,
      source: 'volume',
      sourceId: given.volumeId,
      device: wish && /^\/dev\/vd[a-z]{1,2}$/.test(wish) && !taken.includes(wish) ? wish : freeDevice(taken),
      tag: given.tag ?? null,
      deleteOnTermination: given.delete_on_termination ?? false,
      state: 'attaching',
    })
    const actionId = await beginAction(tx, row, 'attach_volume')
    const input = { serverId: row.id, deviceId: device.id, actionId }
    await enqueue(tx, attachVolumeJob, input, { resourceType: 'server', resourceId: row.id, projectId: row.projectId })
    return device
  })
  return ok({ volumeAttachment: shown(call, device) })
}

async function update(_: ComputeContext, call: Call, { params, body }: Input) {
  const given = (body as { volumeAttachment: { volumeId: string; delete_on_termination?: boolean } }).volumeAttachment
  if (given.volumeId !== params.volume) throw forbidden('Replacing a volume by another is left to the volume service.')
  if (!speaks(call, '2.85')) throw badRequest('The volume is attached already.')
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, params.id!, rule('update'))
    const device = await get(call, row, params.volume!)
    if (given.delete_on_termination !== undefined)
      await tx.rows(blockDevice, beyond).change(device.id, { deleteOnTermination: given.delete_on_termination })
  })
  return accepted()
}

async function detach(_: ComputeContext, call: Call, { params }: Input) {
  await call.transaction(async (tx) => {
    const row = await getServer(call, tx, params.id!, rule('delete'))
    checkState(call, row, { action: 'detach_volume', states: ['active', 'paused', 'stopped'] })
    const rows = tx.rows(blockDevice, beyond)
    const device = await rows.first({ serverId: row.id, volumeId: params.volume! })
    if (!device) throw notFound(`Instance ${row.id} is not attached to volume ${params.volume}`)
    if (device.bootIndex === 0) throw forbidden("Can't detach root device volume")
    if (device.state !== 'attached')
      throw badRequest(`Invalid volume: the volume is ${device.state} now; try again when that has ended.`)
    await rows.update(device, { state: 'detaching' })
    const actionId = await beginAction(tx, row, 'detach_volume')
    const input = { serverId: row.id, deviceId: device.id, actionId }
    await enqueue(tx, detachVolumeJob, input, { resourceType: 'server', resourceId: row.id, projectId: row.projectId })
  })
  return accepted()
}

const updateBody = Type.Object(
  {
    volumeAttachment: Type.Object(
      { volumeId: Type.String(), delete_on_termination: Type.Optional(Type.Boolean()) },
      { additionalProperties: true },
    ),
  },
  { additionalProperties: false },
)

export const volumeAttachmentRoutes: ComputeRoute[] = [
  r('GET', '/servers/:id/os-volume_attachments', list),
  r('POST', '/servers/:id/os-volume_attachments', attach, { body: attachBody }),
  r('GET', '/servers/:id/os-volume_attachments/:volume', show),
  r('PUT', '/servers/:id/os-volume_attachments/:volume', update, { body: updateBody }),
  r('DELETE', '/servers/:id/os-volume_attachments/:volume', detach),
].flat()
