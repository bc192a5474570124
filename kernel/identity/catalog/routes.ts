// Regions, services and endpoints: the catalog as administrators keep it.
import { Type } from 'typebox'
import { badRequest, conflict, forbidden } from '../../../eden/errors.ts'
import { routes } from '../../../eden/service.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { plainRoutes } from '../extras/plain.ts'
import { endpoint, region, service } from './catalog.ts'

const r = routes<IdentityContext>()
type Body = Record<string, unknown>

const regions = plainRoutes({
  resource: region,
  one: 'region',
  many: 'regions',
  required: [],
  async check(tx, body, before) {
    if (typeof body.parent_region_id !== 'string') return
    if (!(await tx.rows(region).find(body.parent_region_id)))
      throw badRequest(`Could not find region: ${body.parent_region_id}.`)
    for (let above: string | null = body.parent_region_id; above && before; ) {
      if (above === before.id) throw badRequest('A region cannot be its own ancestor.')
      above = (await tx.rows(region).find(above))?.parentRegionId ?? null
    }
  },
  async beforeRemove(tx, { id }) {
    if ((await tx.rows(region).count({ parentRegionId: id })) > 0) throw forbidden('There are regions within this one.')
    if ((await tx.rows(endpoint).count({ regionId: id })) > 0)
      throw conflict('There are endpoints in this region: remove those first.')
  },
})

const postRegion = regions.find(({ method }) => method === 'POST')!

const services = plainRoutes({
  resource: service,
  one: 'service',
  many: 'services',
  required: ['type'],
  unlessNull: ['name', 'description'],
  async beforeRemove(tx, { id }) {
    await tx.rows(endpoint).removeAll({ serviceId: id })
  },
})

const endpoints = plainRoutes({
  resource: endpoint,
  one: 'endpoint',
  many: 'endpoints',
  required: ['interface', 'serviceId', 'url'],
  // An older name of the region, which is made where it is missing.
  accepts: { region: Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])) },
  fields: ({ region: name, region_id: id }: Body) =>
    id === undefined && name !== undefined ? { regionId: name as string } : {},
  alsoShown: ({ regionId }) => ({ region: regionId }),
  async check(tx, body, before) {
    mustBeAddress(body.url)
    if (typeof body.service_id === 'string' && !(await tx.rows(service).find(body.service_id)))
      throw badRequest(`Could not find service: ${body.service_id}.`)
    if (typeof body.region_id === 'string' && body.region_id !== before?.regionId)
      if (!(await tx.rows(region).find(body.region_id))) throw badRequest(`Could not find region: ${body.region_id}.`)
    await makeRegion(tx, body)
  },
})

async function makeRegion(tx: Transaction, { region: name, region_id: id }: Body) {
  if (id !== undefined || typeof name !== 'string') return
  if (!(await tx.rows(region).find(name))) await tx.rows(region).insert({ id: name })
}

/** @throws 400 where a `$(…)s` or `%(…)s` in the address cannot be filled in. */
function mustBeAddress(url: unknown) {
  if (typeof url !== 'string') return
  const names = [...url.matchAll(/[$%]\((\w*)\)?s?/g)]
  const known = /^[$%]\((project_id|tenant_id|user_id)\)s$/
  if (names.some(([whole]) => !known.test(whole!)))
    throw badRequest(`The address ${url} has a placeholder that is none of project_id, tenant_id and user_id.`)
}

/** PUT makes a region of the id in its path. */
const putRegion = r(
  'PUT',
  '/v3/regions/:region_id',
  (context, call, input) => {
    const body = (input.body as { region: Body }).region
    const id = input.params.region_id!
    if (body.id !== undefined && body.id !== id)
      throw badRequest(`The body names the region ${body.id}, the path ${id}.`)
    return postRegion.operation(context, call, { ...input, body: { region: { ...body, id } } })
  },
  { rule: 'identity:create_region', body: postRegion.body },
)

export const catalogRoutes = [...regions, putRegion, ...services, ...endpoints]
