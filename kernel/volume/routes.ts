// Which operation answers which request. Every address exists with and without the project's id.
import { badRequest } from '../../eden/errors.ts'
import type { RouteOptions } from '../../eden/http/route.ts'
import { routes, type ServiceOperation, type ServiceRoute } from '../../eden/service.ts'
import {
  completeAttachment,
  createAttachment,
  deleteAttachment,
  listAttachments,
  listAttachmentsInDetail,
  showAttachment,
  updateAttachment,
} from './attachments/operations.ts'
import type { VolumeContext } from './context.ts'
import { deleteMessage, listMessages, showMessage } from './messages/message.ts'
import { metadataOperations } from './metadata.ts'
import {
  listExtensions,
  listHosts,
  listPools,
  listServices,
  listZones,
  setService,
  showCapabilities,
  showExtension,
  showHost,
} from './operations/operations.ts'
import {
  deleteQuota,
  showLimits,
  showQuota,
  showQuotaClass,
  showQuotaDefaults,
  updateQuota,
  updateQuotaClass,
} from './quotas/operations.ts'
import { createSnapshot } from './snapshots/create.ts'
import { deleteSnapshot } from './snapshots/delete.ts'
import { allowedSnapshot } from './snapshots/find.ts'
import {
  actOnSnapshot,
  listSnapshots,
  listSnapshotsInDetail,
  showSnapshot,
  snapshotActions,
  updateSnapshot,
} from './snapshots/operations.ts'
import { snapshot } from './snapshots/snapshot.ts'
import {
  acceptTransfer,
  createTransfer,
  deleteTransfer,
  listTransfers,
  listTransfersInDetail,
  showTransfer,
} from './transfers/operations.ts'
import {
  actOnType,
  addSpecs,
  createType,
  deleteType,
  listAccess,
  listSpecs,
  listTypes,
  removeSpec,
  setSpec,
  showSpec,
  showType,
  typeActions,
  updateType,
} from './types/operations.ts'
import { choices, showVersion } from './versions.ts'
import { actOnVolume, volumeActions } from './volumes/actions.ts'
import { createVolume } from './volumes/create.ts'
import { deleteVolume } from './volumes/delete.ts'
import { allowedVolume } from './volumes/find.ts'
import { listVolumes, listVolumesInDetail, showVolume, summariseVolumes } from './volumes/list.ts'
import { updateVolume } from './volumes/update.ts'
import { volume } from './volumes/volume.ts'

type Operation = ServiceOperation<VolumeContext>
const r = routes<VolumeContext>()

/** An address names the project of its token, or none. */
const inOwnProject =
  (operation: Operation): Operation =>
  async (context, call, input) => {
    const { project_id } = input.params
    if (project_id !== undefined && project_id !== call.credentials.projectId && !call.credentials.isAdmin)
      throw badRequest('Malformed request url: its project is not that of the token.')
    return operation(context, call, input)
  }

const both = (
  method: string,
  path: string,
  operation: Operation,
  options: RouteOptions = {},
): ServiceRoute<VolumeContext>[] => [
  r(method, `/v3/:project_id${path}`, inOwnProject(operation), options),
  r(method, `/v3${path}`, operation, options),
]

const json = (rule?: string): RouteOptions => ({ body: 'any', ...(rule !== undefined && { rule }) })
const rule = (name: string): RouteOptions => ({ rule: name })

const ofVolumes = metadataOperations({
  resource: volume as never,
  allowed: (call, id, what) => allowedVolume(call, id, `volume:${what}_volume_metadata`),
})
const ofSnapshots = metadataOperations({
  resource: snapshot as never,
  allowed: (call, id, what) =>
    allowedSnapshot(call, id, `volume:${what === 'create' ? 'update' : what}_snapshot_metadata`),
})

const metadata = (path: string, of: typeof ofVolumes) => [
  ...both('GET', `${path}/metadata`, of.show),
  ...both('POST', `${path}/metadata`, of.add, json()),
  ...both('PUT', `${path}/metadata`, of.replace, json()),
  ...both('GET', `${path}/metadata/:key`, of.showOne),
  ...both('PUT', `${path}/metadata/:key`, of.setOne, json()),
  ...both('DELETE', `${path}/metadata/:key`, of.removeOne),
]

const volumes = [
  ...both('POST', '/volumes', createVolume, { ...json('volume:create'), withinMs: 120_000 }),
  ...both('GET', '/volumes', listVolumes, rule('volume:get_all')),
  ...both('GET', '/volumes/detail', listVolumesInDetail, rule('volume:get_all')),
  ...both('GET', '/volumes/summary', summariseVolumes, { rule: 'volume:get_all', since: '3.12' }),
  ...both('GET', '/volumes/:id', showVolume),
  ...both('PUT', '/volumes/:id', updateVolume, json()),
  ...both('DELETE', '/volumes/:id', deleteVolume),
  ...both('POST', '/volumes/:id/action', actOnVolume, { ...json(), actions: volumeActions }),
  ...metadata('/volumes/:id', ofVolumes),
]

const snapshots = [
  ...both('POST', '/snapshots', createSnapshot, json()),
  ...both('GET', '/snapshots', listSnapshots, rule('volume:get_all_snapshots')),
  ...both('GET', '/snapshots/detail', listSnapshotsInDetail, rule('volume:get_all_snapshots')),
  ...both('GET', '/snapshots/:id', showSnapshot),
  ...both('PUT', '/snapshots/:id', updateSnapshot, json()),
  ...both('DELETE', '/snapshots/:id', deleteSnapshot),
  ...both('POST', '/snapshots/:id/action', actOnSnapshot, { ...json(), actions: snapshotActions }),
  ...metadata('/snapshots/:id', ofSnapshots),
]

const attachments = [
  ...both('POST', '/attachments', createAttachment, { body: 'any', since: '3.27' }),
  ...both('GET', '/attachments', listAttachments, { since: '3.27' }),
  ...both('GET', '/attachments/detail', listAttachmentsInDetail, { since: '3.27' }),
  ...both('GET', '/attachments/:id', showAttachment, { since: '3.27' }),
  ...both('PUT', '/attachments/:id', updateAttachment, { body: 'any', since: '3.27' }),
  ...both('POST', '/attachments/:id/action', completeAttachment, {
    body: 'any',
    since: '3.44',
    actions: ['os-complete'],
  }),
  ...both('DELETE', '/attachments/:id', deleteAttachment, { since: '3.27' }),
]

const specs = 'volume_extension:types_extra_specs'
const types = [
  ...both('GET', '/types', listTypes),
  ...both('POST', '/types', createType, json('volume_extension:type_create')),
  ...both('GET', '/types/:id', showType),
  ...both('PUT', '/types/:id', updateType, json('volume_extension:type_update')),
  ...both('DELETE', '/types/:id', deleteType, rule('volume_extension:type_delete')),
  ...both('POST', '/types/:id/action', actOnType, { ...json(), actions: typeActions }),
  ...both(
    'GET',
    '/types/:id/os-volume-type-access',
    listAccess,
    rule('volume_extension:volume_type_access:get_all_for_type'),
  ),
  ...both('GET', '/types/:id/extra_specs', listSpecs, rule(`${specs}:index`)),
  ...both('POST', '/types/:id/extra_specs', addSpecs, json(`${specs}:create`)),
  ...both('GET', '/types/:id/extra_specs/:key', showSpec, rule(`${specs}:show`)),
  ...both('PUT', '/types/:id/extra_specs/:key', setSpec, json(`${specs}:update`)),
  ...both('DELETE', '/types/:id/extra_specs/:key', removeSpec, rule(`${specs}:delete`)),
]

/** The newer address knows of snapshots; otherwise they are the same. */
const transfers = ['/os-volume-transfer', '/volume-transfers'].flatMap((path) => {
  const from: RouteOptions = path === '/volume-transfers' ? { since: '3.55' } : {}
  return [
    ...both('POST', path, createTransfer, { ...json(), ...from }),
    ...both('GET', path, listTransfers, { ...rule('volume:get_all_transfers'), ...from }),
    ...both('GET', `${path}/detail`, listTransfersInDetail, { ...rule('volume:get_all_transfers'), ...from }),
    ...both('GET', `${path}/:id`, showTransfer, { ...rule('volume:get_transfer'), ...from }),
    ...both('POST', `${path}/:id/accept`, acceptTransfer, { ...json('volume:accept_transfer'), ...from }),
    ...both('DELETE', `${path}/:id`, deleteTransfer, from),
  ]
})

const quotas = [
  ...both('GET', '/os-quota-sets/:id', showQuota),
  ...both('GET', '/os-quota-sets/:id/defaults', showQuotaDefaults),
  ...both('PUT', '/os-quota-sets/:id', updateQuota, json('volume_extension:quotas:update')),
  ...both('DELETE', '/os-quota-sets/:id', deleteQuota, rule('volume_extension:quotas:delete')),
  ...both('GET', '/os-quota-class-sets/:id', showQuotaClass, rule('volume_extension:quota_classes:get')),
  ...both('PUT', '/os-quota-class-sets/:id', updateQuotaClass, json('volume_extension:quota_classes:update')),
  ...both('GET', '/limits', showLimits, rule('limits_extension:used_limits')),
]

const operators = [
  ...both('GET', '/os-services', listServices, rule('volume_extension:services:index')),
  ...both('PUT', '/os-services/:what', setService, json('volume_extension:services:update')),
  ...both('GET', '/os-hosts', listHosts, rule('volume_extension:hosts')),
  ...both('GET', '/os-hosts/:id', showHost, rule('volume_extension:hosts')),
  ...both('GET', '/scheduler-stats/get_pools', listPools, rule('scheduler_extension:scheduler_stats:get_pools')),
  ...both('GET', '/capabilities/:id', showCapabilities, rule('volume_extension:capabilities')),
  ...both('GET', '/os-availability-zone', listZones, rule('volume:availability_zone_list')),
  ...both('GET', '/extensions', listExtensions),
  ...both('GET', '/extensions/:id', showExtension),
  ...both('GET', '/messages', listMessages, { rule: 'message:get_all', since: '3.3' }),
  ...both('GET', '/messages/:id', showMessage, { rule: 'message:get', since: '3.3' }),
  ...both('DELETE', '/messages/:id', deleteMessage, { rule: 'message:delete', since: '3.3' }),
]

export const volumeRoutes: ServiceRoute<VolumeContext>[] = [
  r('GET', '/', choices, { token: 'none' }),
  r('GET', '/v3', showVersion, { token: 'none' }),
  ...volumes,
  ...snapshots,
  ...attachments,
  ...types,
  ...transfers,
  ...quotas,
  ...operators,
]
