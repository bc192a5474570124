// Which projects may use a flavor that is not public.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, notFound } from '../../../eden/errors.ts'
import { validate } from '../../../eden/http/body.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { getFlavor } from './find.ts'
import { type Flavor, flavor } from './flavor.ts'

const accessView = ({ id, projects }: Flavor) => ({
  flavor_access: projects.map((tenant) => ({ flavor_id: id, tenant_id: tenant })),
})

export async function showAccess(_: ComputeContext, call: Call, { params }: Input) {
  const row = await getFlavor(call, call, params.id!)
  if (row.isPublic) throw notFound('Access list not available for public flavors.')
  return ok(accessView(row))
}

const tenant = Type.Object({ tenant: Type.String({ minLength: 1, maxLength: 255 }) }, { additionalProperties: false })

const changes: Record<string, { rule: string; change(row: Flavor, project: string): string[] }> = {
  addTenantAccess: {
    rule: 'os_compute_api:os-flavor-access:add_tenant_access',
    change({ id, projects, isPublic }, project) {
      if (isPublic) throw conflict(`Can not add access to a public flavor.`)
      if (projects.includes(project))
        throw conflict(`Flavor access already exists for flavor ${id} and project ${project} combination.`)
      return [...projects, project]
    },
  },
  removeTenantAccess: {
    rule: 'os_compute_api:os-flavor-access:remove_tenant_access',
    change({ id, projects }, project) {
      if (!projects.includes(project)) throw notFound(`Flavor access not found for ${id} / ${project} combination.`)
      return projects.filter((one) => one !== project)
    },
  },
}

export const flavorActionNames = Object.keys(changes)

export async function flavorAction(_: ComputeContext, call: Call, { params, body }: Input) {
  const [name, given] = Object.entries((body ?? {}) as Record<string, unknown>)[0] ?? []
  const action = name === undefined ? undefined : changes[name]
  if (!action) throw badRequest(`There is no such action: ${name ?? 'none was given'}`)
  call.require(action.rule)
  const { tenant: project } = validate(tenant, given) as { tenant: string }
  const row = await call.transaction(async (tx) => {
    const before = await getFlavor(call, tx, params.id!)
    return tx.rows(flavor).update(before, { projects: action.change(before, project) })
  })
  return ok(accessView(row))
}
