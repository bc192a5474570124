// Rebuild: the same server, host and ports, with a fresh root disk from an image.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { badRequest } from '../../../eden/errors.ts'
import { accepted } from '../../../eden/http/request.ts'
import { enqueue } from '../../../eden/jobs/enqueue.ts'
import { job } from '../../../eden/jobs/job.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { beginAction, endAction } from '../actions/record.ts'
import type { ComputeContext } from '../context.ts'
import { getFlavor } from '../flavors/find.ts'
import { keypair } from '../keypairs/keypair.ts'
import { speaks } from '../versions/since.ts'
import { connectDevices } from '../volumes/attachments.ts'
import { canonicalIpv6 } from './address.ts'
import { besideOf } from './beside.ts'
import { metadataItems } from './create-body.ts'
import { faultOf } from './create-job.ts'
import type { OnServer } from './delete.ts'
import { checkState, getServer, hostOf } from './find.ts'
import { launchInput, withImage } from './guest.ts'
import { checkFit, getImage, keptImage } from './image.ts'
import { plugAgain } from './ports.ts'
import { type KeptImage, powerNumbers, type Server, server } from './server.ts'
import { serverView } from './view.ts'

const text = (max: number) => Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: max })]))

export const rebuildBody = Type.Object(
  {
    imageRef: Type.String({ minLength: 1 }),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })),
    adminPass: Type.Optional(Type.String()),
    metadata: Type.Optional(metadataItems),
    description: text(255),
    key_name: text(255),
    user_data: text(65535),
    accessIPv4: text(64),
    accessIPv6: text(64),
    hostname: Type.Optional(Type.String({ minLength: 2, maxLength: 63 })),
    preserve_ephemeral: Type.Optional(Type.Boolean()),
    trusted_image_certificates: Type.Optional(Type.Unknown()),
    personality: Type.Optional(Type.Array(Type.Object({ path: Type.String(), contents: Type.String() }))),
    'OS-DCF:diskConfig': Type.Optional(Type.Unsafe({ type: 'string', enum: ['AUTO', 'MANUAL'] })),
  },
  { additionalProperties: false },
)

interface Given {
  imageRef: string
  name?: string
  adminPass?: string
  metadata?: Record<string, string>
  description?: string | null
  key_name?: string | null
  user_data?: string | null
  accessIPv4?: string | null
  accessIPv6?: string | null
  hostname?: string
  personality?: { path: string; contents: string }[]
  'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL'
}

type Rebuild = OnServer & { image: KeptImage; endsStopped: boolean; adminPass?: string }

const beyond = everyone('the job serves whoever asked for the rebuild')
const event = 'compute_rebuild_instance'

export const rebuildServerJob = job<ComputeContext, Rebuild>('server.rebuild')
  .step('guest', {
    within: '25m',
    attempts: 3,
    do: async (context, { serverId, image, endsStopped }, _, { call, signal }) => {
      const row = await call.rows(server).get(serverId)
      const host = hostOf(row)
      await context.hosts.get(host).ask('destroy', { id: serverId }, { signal })
      const nics = await plugAgain(context, call, row)
      const devices = await connectDevices(context, call, row)
      const input = await launchInput(context, call, { ...row, image, imageId: image.id }, nics, devices)
      await withImage(context, call, host, 'launch', { ...input }, signal)
      if (endsStopped) await context.hosts.get(host).ask('stop', { id: serverId, graceMs: 0 }, { signal })
    },
  })
  .write('settle', {
    do: async (tx, { serverId, actionId, image, endsStopped }) => {
      await tx.rows(server, beyond).change(serverId, {
        state: endsStopped ? 'stopped' : 'active',
        task: null,
        power: endsStopped ? powerNumbers.shutdown : powerNumbers.running,
        fault: null,
        image,
        imageId: image.id,
        launchedAt: isoTime(tx.store.clock.now()),
      })
      await endAction(tx, actionId, event)
    },
  })
  .failed(async (tx, { serverId, actionId }, failure) => {
    const row = await tx.rows(server, beyond).find(serverId)
    if (row && row.task !== 'deleting')
      await tx.rows(server, beyond).update(row, { state: 'error', task: null, fault: faultOf(tx, failure) })
    await endAction(tx, actionId, event, failure.message)
  })

const fieldSince: Record<string, string> = {
  description: '2.19',
  key_name: '2.54',
  user_data: '2.57',
  hostname: '2.90',
}

export async function rebuild(context: ComputeContext, call: Call, id: string, given: Given) {
  for (const [name, since] of Object.entries(fieldSince))
    if (name in given && !speaks(call, since))
      throw badRequest(`Additional properties are not allowed ('${name}' was unexpected)`)
  const seen = await getServer(call, call, id, 'os_compute_api:servers:rebuild')
  const image = await getImage(context, call, given.imageRef.split('/').at(-1)!)
  if (seen.imageId === null) throw badRequest('Unable to rebuild with a different image for a volume-backed server.')
  const kept = keptImage(image)
  const flavor = { ...(await getFlavor(call, call, seen.flavorId).catch(() => undefined)), ...seen.flavor }
  checkFit(image, flavor as Parameters<typeof checkFit>[1], true)
  const key = given.key_name ? await call.rows(keypair).first({ userId: call.userId, name: given.key_name }) : undefined
  if (given.key_name && !key) throw badRequest('Invalid key_name provided.')
  const row = await call.transaction(async (tx) => {
    const before = await getServer(call, tx, id, 'os_compute_api:servers:rebuild')
    checkState(call, before, { action: 'rebuild', states: ['active', 'stopped', 'error'] })
    hostOf(before)
    const after = await tx.rows(server).update(before, { ...changesOf(given, key?.publicKey), task: 'rebuilding' })
    const actionId = await beginAction(tx, before, 'rebuild')
    await enqueue(
      tx,
      rebuildServerJob,
      { serverId: id, actionId, image: kept, endsStopped: before.state === 'stopped' },
      { resourceType: 'server', resourceId: id, projectId: before.projectId },
    )
    return after
  })
  const beside = await besideOf(context, call, [row])
  const { 'OS-EXT-SRV-ATTR:user_data': _, ...view } = serverView(call, { ...row, imageId: kept.id }, beside(row), false)
  const adminPass = given.adminPass ?? call.ids.secret(9).toString('base64url')
  return accepted({
    server: {
      ...view,
      adminPass,
      ...(speaks(call, '2.54') && { key_name: row.keyName }),
      ...(speaks(call, '2.57') && { user_data: row.userData }),
    },
  })
}

function changesOf(given: Given, publicKey: string | undefined): Partial<Server> {
  return {
    ...(given.name !== undefined && { name: given.name.trim() }),
    ...(given.metadata && { metadata: given.metadata }),
    ...(given.description !== undefined && { description: given.description }),
    ...(given.key_name !== undefined && { keyName: given.key_name, publicKey: publicKey ?? null }),
    ...(given.user_data !== undefined && { userData: given.user_data }),
    ...(given.accessIPv4 !== undefined && { accessIpv4: given.accessIPv4 ?? '' }),
    ...(given.accessIPv6 !== undefined && { accessIpv6: canonicalIpv6(given.accessIPv6) }),
    ...(given.hostname !== undefined && { hostname: given.hostname }),
    ...(given.personality && { files: given.personality }),
    ...(given['OS-DCF:diskConfig'] && { diskConfig: given['OS-DCF:diskConfig'] }),
  }
}
