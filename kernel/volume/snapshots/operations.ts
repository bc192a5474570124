// Snapshots: lists, show, change, and the actions of administrators and drivers.
import { badRequest } from '../../../eden/errors.ts'
import { ok, reply } from '../../../eden/http/request.ts'
import { versionNumber } from '../../../eden/http/versions.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import type { VolumeContext } from '../context.ts'
import { targetOf } from '../volumes/find.ts'
import { jsonContains } from '../volumes/json-filter.ts'
import { metadataPairs, ownerFilter, pageLinks } from '../volumes/list.ts'
import { nameFrom, wrappedIn } from '../wire.ts'
import { removeSnapshot } from './delete.ts'
import { allowedSnapshot, findSnapshot } from './find.ts'
import { type Snapshot, snapshot, snapshotView } from './snapshot.ts'

const besides = ['all_tenants', 'with_count', 'metadata', 'project_id']

const listWith =
  (isDetailed: boolean): ServiceOperation<VolumeContext> =>
  async ({ config }, call, input) => {
    const options = listOptions(snapshot, input, {
      maxLimit: config.maxItemsPerPage,
      sort: [
        { field: 'createdAt', descending: true },
        { field: 'id', descending: true },
      ],
      besides,
      aliases: { display_name: 'name', display_description: 'description' },
    })
    const where = { ...options.where, ...ownerFilter(call, input) }
    const pairs = metadataPairs(input.queryAll.get('metadata'))
    const and = (eb: WhereBuilder) =>
      eb.and(pairs.map(([key, value]) => jsonContains(eb, 'volume_snapshots.metadata', key, value))) as Condition
    const rows = (await call.rows(snapshot).list({ ...options, where, ...(pairs.length > 0 && { and }) })) as Snapshot[]
    const withCount = parseFlag(input.query.with_count ?? 'false') && call.version >= versionNumber('3.45')
    return ok({
      snapshots: rows.map((row) => snapshotView(call, row, { extended: isDetailed })),
      ...pageLinks(call, input, `snapshots${isDetailed ? '/detail' : ''}`, 'snapshots_links', rows, options.limit),
      ...(withCount && { count: await call.rows(snapshot).count(where) }),
    })
  }

export const listSnapshots = listWith(false)
export const listSnapshotsInDetail = listWith(true)

export const showSnapshot: ServiceOperation<VolumeContext> = async (_, call, { params }) =>
  ok({ snapshot: snapshotView(call, await allowedSnapshot(call, params.id!, 'volume:get_snapshot')) })

export const updateSnapshot: ServiceOperation<VolumeContext> = async (_, call, { params, body: whole }) => {
  await allowedSnapshot(call, params.id!, 'volume:update_snapshot')
  const body = wrappedIn(whole, 'snapshot')
  const name = body.name ?? body.display_name
  const description = body.description ?? body.display_description
  const row = await call.transaction(async (tx) =>
    tx.rows(snapshot).update(await findSnapshot(tx, params.id!), {
      ...(name !== undefined && { name: nameFrom(name) }),
      ...(description !== undefined && { description: nameFrom(description, 'description') }),
    }),
  )
  return ok({ snapshot: snapshotView(call, row as Snapshot, { extended: false }) })
}

const states = ['available', 'creating', 'deleting', 'error', 'error_deleting'] as const
const rules: Record<string, string> = {
  'os-reset_status': 'volume_extension:snapshot_admin_actions:reset_status',
  'os-force_delete': 'volume_extension:snapshot_admin_actions:force_delete',
  'os-update_snapshot_status': 'snapshot_extension:snapshot_actions:update_snapshot_status',
}

export const snapshotActions = Object.keys(rules)

export const actOnSnapshot: ServiceOperation<VolumeContext> = async (_, call, { params, body }) => {
  const row = await findSnapshot(call, params.id!)
  const [word = ''] = Object.keys((body ?? {}) as object)
  const rule = Object.hasOwn(rules, word) ? rules[word] : undefined
  if (!rule) throw badRequest(`There is no such action: '${word}'.`)
  call.require(rule, targetOf(row))
  const given = ((body as Record<string, unknown>)[word] ?? {}) as Record<string, unknown>
  if (word === 'os-force_delete') {
    await removeSnapshot(call, row.id, true)
    return reply(202)
  }
  const status = states.find((known) => known === given.status)
  if (!status) throw badRequest(`Must specify a valid status, not '${String(given.status)}'.`)
  const progress = given.progress === undefined ? undefined : nameFrom(given.progress, 'progress')
  if (progress && !/^\d{1,3}%$/.test(progress)) throw badRequest("The progress is a percentage, such as '80%'.")
  await call.transaction(async (tx) =>
    tx.rows(snapshot).update(await findSnapshot(tx, row.id), { status, ...(progress && { progress }) }),
  )
  return reply(202)
}
