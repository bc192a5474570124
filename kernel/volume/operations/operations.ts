// What operators see and set: services, hosts, pools, capabilities, zones; and what clients discover.
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { ok, reply } from '../../../eden/http/request.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { VolumeContext } from '../context.ts'
import { poolsOf, vendorName } from '../placement/pools.ts'
import { snapshot } from '../snapshots/snapshot.ts'
import { poolName, volume } from '../volumes/volume.ts'
import { shownTime } from '../wire.ts'
import { hostState } from './host-state.ts'

type Operation = ServiceOperation<VolumeContext>

const pools = (context: VolumeContext, call: Call) => poolsOf(context, call.ground.store.reads(call))

interface ServiceLine {
  binary: string
  host: string
  hostName: string | undefined
  isUp: boolean
  disabled: boolean
  disabledReason: string | null
  frozen: boolean
}

async function services(context: VolumeContext, call: Call): Promise<ServiceLine[]> {
  const states = await call.rows(hostState).list()
  const found = await pools(context, call)
  const lines: ServiceLine[] = found.map(({ host, backend, isUp }) => {
    const state = states.find(({ id }) => id === host)
    return {
      binary: 'cinder-volume',
      host: `${host}@${backend}`,
      hostName: host,
      isUp,
      disabled: state?.disabled ?? false,
      disabledReason: state?.disabledReason ?? null,
      frozen: state?.frozen ?? false,
    }
  })
  // Placement runs in every controller.
  const controller = { hostName: undefined, isUp: true, disabled: false, disabledReason: null, frozen: false }
  return [{ binary: 'cinder-scheduler', host: 'controller', ...controller }, ...lines]
}

export const listServices: Operation = async (context, call, { query }) => {
  const now = shownTime(isoTime(context.clock.now()))
  const lines = (await services(context, call)).filter(
    ({ binary, host }) =>
      (!query.binary || query.binary === binary) &&
      (!query.host || query.host === host || query.host === host.split('@')[0]),
  )
  return ok({
    services: lines.map((line) => ({
      binary: line.binary,
      host: line.host,
      zone: context.config.availabilityZone,
      status: line.disabled ? 'disabled' : 'enabled',
      state: line.isUp ? 'up' : 'down',
      updated_at: now,
      disabled_reason: line.disabledReason,
      ...(line.hostName !== undefined && {
        frozen: line.frozen,
        replication_status: 'disabled',
        active_backend_id: null,
        ...(call.version >= versionNumber('3.49') && { backend_state: line.isUp ? 'up' : 'down' }),
      }),
      ...(call.version >= versionNumber('3.7') && { cluster: null }),
    })),
  })
}

export const setService: Operation = async (context, call, { params, body }) => {
  const given = (body ?? {}) as Record<string, unknown>
  const { host } = given
  const binary = given.binary ?? given.service
  if (params.what === 'freeze' || params.what === 'thaw')
    return freeze(context, call, String(host), params.what === 'freeze')
  const reason = given.disabled_reason
  if (
    params.what === 'disable-log-reason' &&
    (typeof reason !== 'string' || reason.trim() === '' || reason.length > 255)
  )
    throw badRequest('Disabled reason contains invalid characters or is too long.')
  if (!['enable', 'disable', 'disable-log-reason'].includes(params.what!)) throw notFound('Unknown action.')
  if (typeof host !== 'string' || typeof binary !== 'string')
    throw badRequest("Invalid input: 'host' and 'binary' are needed.")
  const line = (await services(context, call)).find((one) => one.host === host && one.binary === binary)
  if (!line?.hostName) throw notFound(`Service ${binary} could not be found on host ${host}.`)
  const disabled = params.what !== 'enable'
  const disabledReason = params.what === 'disable-log-reason' ? String(reason) : null
  await call.transaction((tx) => setState(tx, line.hostName!, { disabled, disabledReason }))
  return ok({
    host,
    service: binary,
    binary,
    disabled,
    status: disabled ? 'disabled' : 'enabled',
    ...(params.what !== 'disable' && { disabled_reason: disabledReason }),
  })
}

async function freeze(context: VolumeContext, call: Call, host: string, frozen: boolean) {
  const line = (await services(context, call)).find(
    (one) => one.hostName !== undefined && (one.host === host || one.hostName === host),
  )
  if (!line) throw badRequest(`There is no volume host '${host}'.`)
  await call.transaction((tx) => setState(tx, line.hostName!, { frozen }))
  return reply(200)
}

async function setState(
  tx: Transaction,
  id: string,
  patch: { disabled?: boolean; disabledReason?: string | null; frozen?: boolean },
) {
  const present = await tx.rows(hostState).find(id)
  if (present) await tx.rows(hostState).update(present, patch)
  else await tx.rows(hostState).insert({ id, ...patch })
}

export const listHosts: Operation = async (context, call) => {
  const at = shownTime(isoTime(context.clock.now()))
  return ok({
    hosts: (await services(context, call)).map((line) => ({
      service: line.binary,
      host_name: line.host,
      zone: context.config.availabilityZone,
      'service-status': line.isUp ? 'available' : 'unavailable',
      'service-state': line.disabled ? 'disabled' : 'enabled',
      'last-update': at,
    })),
  })
}

export const showHost: Operation = async (context, call, { params }) => {
  const line = (await services(context, call)).find(
    ({ host, hostName }) => hostName !== undefined && host === params.id,
  )
  if (!line) throw notFound(`Host ${params.id} could not be found.`)
  const volumes = await call.rows(volume).list({ where: { host: line.hostName! } })
  const snapshots = await call.rows(snapshot).list()
  const resources = [undefined, ...new Set(volumes.map(({ projectId }) => projectId))].map((project) => {
    const held = volumes.filter(({ projectId }) => project === undefined || projectId === project)
    const ids = new Set(held.map(({ id }) => id))
    const taken = snapshots.filter(({ volumeId }) => ids.has(volumeId))
    const sum = (rows: { sizeGiB: number }[]) => String(rows.reduce((total, { sizeGiB }) => total + sizeGiB, 0))
    return {
      resource: {
        host: line.host,
        project: project ?? '(total)',
        volume_count: String(held.length),
        total_volume_gb: sum(held),
        snapshot_count: String(taken.length),
        total_snapshot_gb: sum(taken),
      },
    }
  })
  return ok({ host: resources })
}

export const listPools: Operation = async (context, call, { query }) => {
  const found = (await pools(context, call)).filter(({ isUp }) => isUp)
  const isDetailed = parseFlag(query.detail ?? 'false') ?? false
  return ok({
    pools: found.map((pool) => ({
      name: poolName(pool.host, pool.backend),
      ...(isDetailed && {
        capabilities: {
          ...pool.capabilities,
          pool_name: pool.backend,
          total_capacity_gb: pool.totalGiB,
          free_capacity_gb: pool.freeGiB,
          allocated_capacity_gb: pool.promisedGiB,
          provisioned_capacity_gb: pool.promisedGiB,
          reserved_percentage: 0,
          QoS_support: false,
          multiattach: true,
          thin_provisioning_support: pool.thinProvisioning,
          thick_provisioning_support: !pool.thinProvisioning,
          max_over_subscription_ratio: '20.0',
          backend_state: 'up',
          timestamp: shownTime(isoTime(context.clock.now())),
        },
      }),
    })),
  })
}

export const showCapabilities: Operation = async (context, call, { params }) => {
  const found = (await pools(context, call)).find(({ host, backend }) =>
    [host, `${host}@${backend}`, poolName(host, backend)].includes(params.id!),
  )
  if (!found) throw notFound(`There is no pool '${params.id}'.`)
  return ok({
    namespace: `OS::Storage::Capabilities::${found.host}@${found.backend}`,
    vendor_name: vendorName,
    volume_backend_name: found.backend,
    pool_name: found.backend,
    driver_version: found.capabilities.driver_version,
    storage_protocol: found.capabilities.storage_protocol,
    display_name: found.backend,
    description: null,
    visibility: 'pool',
    replication_targets: [],
    properties: {},
  })
}

export const listZones: Operation = async ({ config }) =>
  ok({ availabilityZoneInfo: [{ zoneName: config.availabilityZone, zoneState: { available: true } }] })

const extensions = [
  ['os-availability-zone', 'AvailabilityZones'],
  ['os-extended-snapshot-attributes', 'ExtendedSnapshotAttributes'],
  ['os-hosts', 'Hosts'],
  ['os-quota-class-sets', 'QuotaClasses'],
  ['os-quota-sets', 'Quotas'],
  ['os-services', 'Services'],
  ['os-types-extra-specs', 'TypesExtraSpecs'],
  ['os-types-manage', 'TypesManage'],
  ['os-used-limits', 'UsedLimits'],
  ['os-vol-host-attr', 'VolumeHostAttribute'],
  ['os-vol-image-meta', 'VolumeImageMetadata'],
  ['os-vol-tenant-attr', 'VolumeTenantAttribute'],
  ['os-volume-actions', 'VolumeActions'],
  ['os-volume-transfer', 'VolumeTransfer'],
  ['os-volume-type-access', 'VolumeTypeAccess'],
  ['scheduler-stats', 'Scheduler_stats'],
  ['capabilities', 'Capabilities'],
] as const

const extensionView = ([alias, name]: readonly [string, string]) => ({
  alias,
  name,
  description: `${name} of the Block Storage API.`,
  links: [],
  updated: '2026-01-01T00:00:00+00:00',
})

export const listExtensions: Operation = async () => ok({ extensions: extensions.map(extensionView) })
export const showExtension: Operation = async (_, __, { params }) => {
  const found = extensions.find(([alias]) => alias === params.id)
  if (!found) throw notFound(`There is no extension '${params.id}'.`)
  return ok({ extension: extensionView(found) })
}
