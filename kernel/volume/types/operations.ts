// Volume types: made and changed by administrators, listed for everybody who may use them.
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { accepted, type Input, ok, reply } from '../../../eden/http/request.ts'
import { parseFlag } from '../../../eden/resource/fields.ts'
import { listOptions } from '../../../eden/resource/listing.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import type { VolumeContext } from '../context.ts'
import { jsonContains } from '../volumes/json-filter.ts'
import { metadataPairs, pageLinks } from '../volumes/list.ts'
import { volume } from '../volumes/volume.ts'
import { flagFrom, nameFrom, wrappedIn } from '../wire.ts'
import { allowedType, findType } from './choose.ts'
import { typeAccess, type VolumeType, volumeType } from './type.ts'

type Operation = ServiceOperation<VolumeContext>

/** What everybody may see of extra specs; the rest is for administrators. */
const visibleSpecs = ['RESKEY:availability_zones', 'multiattach', 'replication_enabled']

const typeView = (call: Call, row: VolumeType, { short = false } = {}) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  is_public: row.isPublic,
  ...(!short && {
    'os-volume-type-access:is_public': row.isPublic,
    ...(call.allows('volume_extension:qos_specs_manage:get') && { qos_specs_id: null }),
  }),
  extra_specs: call.allows('volume_extension:types_extra_specs:read_sensitive')
    ? row.extraSpecs
    : Object.fromEntries(Object.entries(row.extraSpecs).filter(([key]) => visibleSpecs.includes(key))),
})

export const listTypes: Operation = async ({ config }, call, input) => {
  const options = listOptions(volumeType, input, {
    maxLimit: config.maxItemsPerPage,
    sort: [{ field: 'createdAt', descending: true }],
    besides: ['is_public', 'extra_specs'],
  })
  const specs = metadataPairs(input.queryAll.get('extra_specs'))
  const isPublic = publicFilter(call, input)
  const and = (eb: WhereBuilder) => {
    const conditions = specs.map(([key, value]) => jsonContains(eb, 'volume_types.extra_specs', key, value))
    if (isPublic !== undefined) conditions.push(eb('volume_types.is_public', '=', isPublic ? 1 : 0) as Condition)
    if (call.sees !== 'all') conditions.push(usable(eb, call))
    return eb.and(conditions) as Condition
  }
  const rows = (await call.rows(volumeType).list({ ...options, and })) as VolumeType[]
  return ok({
    volume_types: rows.map((row) => typeView(call, row)),
    ...(input.query.limit !== undefined && pageLinks(call, input, 'types', 'volume_type_links', rows, options.limit)),
  })
}

/** Administrators see the public ones unless they ask for others; everybody else sees what they may use. */
function publicFilter(call: Call, { query }: Input): boolean | undefined {
  if (call.sees !== 'all') return undefined
  if (query.is_public === undefined) return true
  if (query.is_public.toLowerCase() === 'none') return undefined
  return parseFlag(query.is_public) ?? true
}

function usable(eb: WhereBuilder, call: Call): Condition {
  const granted = eb
    .selectFrom('volume_type_access')
    .select('volume_type_access.id')
    .whereRef('volume_type_access.type_id', '=', 'volume_types.id')
    .where('volume_type_access.project_id', '=', call.credentials.projectId ?? '')
  return eb.or([eb('volume_types.is_public', '=', 1), eb.exists(granted)]) as Condition
}

export const showType: Operation = async ({ config }, call, { params }) =>
  ok({
    volume_type: typeView(call, await allowedType(call, params.id === 'default' ? config.defaultType : params.id!)),
  })

export const createType: Operation = async (_, call, { body: whole }) => {
  const body = wrappedIn(whole, 'volume_type')
  const name = typeName(body.name)
  const isPublic = flagFrom(body['os-volume-type-access:is_public'] ?? true, 'os-volume-type-access:is_public')
  const extraSpecs = specsFrom(body.extra_specs ?? {})
  const row = await call.transaction(async (tx) => {
    if (await tx.rows(volumeType).first({ name })) throw conflict(`Volume Type ${name} already exists.`)
    const description = nameFrom(body.description, 'description')
    return tx.rows(volumeType).insert({ id: call.ids.uuid(), name, description, isPublic, extraSpecs })
  })
  return ok({ volume_type: withoutQos(typeView(call, row as VolumeType)) })
}

const withoutQos = ({ qos_specs_id: _, ...rest }: Record<string, unknown>) => rest

export const updateType: Operation = async (_, call, { params, body: whole }) => {
  const body = wrappedIn(whole, 'volume_type')
  if (body.name === undefined && body.description === undefined && body.is_public === undefined)
    throw badRequest('Specify either name, description, is_public or a combination thereof.')
  const row = await call.transaction(async (tx) => {
    const now = await findType(tx, params.id!)
    const name = body.name === undefined || body.name === null ? now.name : typeName(body.name)
    const other = await tx.rows(volumeType).first({ name })
    if (other && other.id !== now.id) throw conflict(`Volume Type ${name} already exists.`)
    return tx.rows(volumeType).update(now, {
      name,
      ...(body.description !== undefined && { description: nameFrom(body.description, 'description') }),
      ...(body.is_public !== undefined && { isPublic: flagFrom(body.is_public, 'is_public') }),
    })
  })
  return ok({ volume_type: typeView(call, row as VolumeType, { short: true }) })
}

export const deleteType: Operation = async ({ config }, call, { params }) => {
  await call.transaction(async (tx) => {
    const row = await findType(tx, params.id!)
    if (row.name === config.defaultType) throw badRequest(`Volume type ${row.name} is the default type and stays.`)
    const used = await tx.rows(volume, everyone('types belong to the cloud')).count({ volumeTypeId: row.id })
    if (used > 0) throw badRequest(`Target volume type ${row.name} is still in use by ${used} volumes.`)
    await tx.rows(typeAccess).removeAll({ typeId: row.id })
    await tx.rows(volumeType).remove(row)
  })
  return accepted()
}

function typeName(value: unknown): string {
  const name = nameFrom(value)?.trim()
  if (!name) throw badRequest('Volume type name can not be empty.')
  return name
}

function specsFrom(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('Invalid input: extra_specs must be an object of texts.')
  for (const [key, text] of Object.entries(value)) {
    if (!/^[\w.:\- ]{1,255}$/.test(key)) throw badRequest(`Invalid extra spec name '${key}'.`)
    if (typeof text !== 'string' || text.length > 255) throw badRequest(`The extra spec '${key}' must be a text.`)
  }
  return value as Record<string, string>
}

export const listSpecs: Operation = async (_, call, { params }) => {
  const row = await findType(call, params.id!)
  return ok({ extra_specs: typeView(call, row).extra_specs })
}

export const addSpecs: Operation = async (_, call, { params, body }) => {
  const given = specsFrom(wrappedIn(body, 'extra_specs'))
  await changeSpecs(call, params.id!, (specs) => ({ ...specs, ...given }))
  return ok({ extra_specs: given })
}

export const showSpec: Operation = async (_, call, { params }) => {
  const { extraSpecs } = await findType(call, params.id!)
  const key = params.key!
  if (!Object.hasOwn(extraSpecs, key)) throw noSpec(params.id!, key)
  return ok({ [key]: extraSpecs[key] })
}

export const setSpec: Operation = async (_, call, { params, body }) => {
  await findType(call, params.id!)
  if (body === null || body === undefined) throw badRequest('Malformed request body: an object is needed.')
  const given = specsFrom(body)
  const key = params.key!
  if (Object.keys(given).length !== 1 || !Object.hasOwn(given, key))
    throw badRequest(`The body must hold the one spec '${key}', as its address does.`)
  await changeSpecs(call, params.id!, (specs) => ({ ...specs, ...given }))
  return ok(given)
}

export const removeSpec: Operation = async (_, call, { params }) => {
  const key = params.key!
  await changeSpecs(call, params.id!, (specs) => {
    if (!Object.hasOwn(specs, key)) throw noSpec(params.id!, key)
    const { [key]: _gone, ...rest } = specs
    return rest
  })
  return reply(202)
}

const noSpec = (id: string, key: string) => notFound(`Volume Type ${id} has no extra specs with key ${key}.`)

const changeSpecs = (call: Call, id: string, next: (now: Record<string, string>) => Record<string, string>) =>
  call.transaction(async (tx) => {
    const row = await findType(tx, id)
    await tx.rows(volumeType).update(row, { extraSpecs: next(row.extraSpecs) })
  })

export const listAccess: Operation = async (_, call, { params }) => {
  const row = await findType(call, params.id!)
  if (row.isPublic) throw notFound(`Access list not available for public volume type ${row.name}.`)
  const granted = await call.rows(typeAccess).list({ where: { typeId: row.id } })
  return ok({ volume_type_access: granted.map(({ projectId }) => ({ volume_type_id: row.id, project_id: projectId })) })
}

export const typeActions = ['addProjectAccess', 'removeProjectAccess']

export const actOnType: Operation = async (_, call, { params, body }) => {
  const [word = ''] = Object.keys((body ?? {}) as object)
  if (word !== 'addProjectAccess' && word !== 'removeProjectAccess')
    throw badRequest(`There is no such action: '${word}'.`)
  call.require(`volume_extension:volume_type_access:${word}`)
  const projectId = nameFrom(wrappedIn(body, word).project, 'project')
  if (!projectId) throw badRequest("The project is needed under 'project'.")
  await call.transaction(async (tx) => {
    const row = await findType(tx, params.id!)
    if (row.isPublic) throw conflict(`Type access modification is not applicable to public volume type ${row.name}.`)
    const present = await tx.rows(typeAccess).first({ typeId: row.id, projectId })
    if (word === 'addProjectAccess') {
      if (present) throw conflict(`Volume type access for ${row.id} / ${projectId} combination already exists.`)
      await tx.rows(typeAccess).insert({ id: call.ids.uuid(), typeId: row.id, projectId })
    } else {
      if (!present) throw notFound(`Volume type access not found for ${row.id} / ${projectId} combination.`)
      await tx.rows(typeAccess).remove(present)
    }
  })
  return reply(202)
}
