// Which operation answers which request about flavors.
import { ok } from '../../../eden/http/request.ts'
import { type ComputeRoute, route as r } from '../context.ts'
import { flavorAction, flavorActionNames, showAccess } from './access.ts'
import {
  createSpecs,
  createSpecsBody,
  deleteSpec,
  listSpecs,
  showSpec,
  updateSpec,
  updateSpecBody,
} from './extra-specs.ts'
import { getFlavor } from './find.ts'
import { listFlavors } from './list.ts'
import { createFlavor, createFlavorBody, deleteFlavor, updateFlavor, updateFlavorBody } from './manage.ts'
import { flavorView } from './view.ts'

const rule = (name: string) => `os_compute_api:${name}`

export const flavorRoutes: ComputeRoute[] = [
  r('GET', '/flavors', listFlavors(false)),
  r('GET', '/flavors/detail', listFlavors(true)),
  r('GET', '/flavors/:id', async (_, call, { params }) =>
    ok({ flavor: flavorView(call, await getFlavor(call, call, params.id!)) }),
  ),
  r('POST', '/flavors', createFlavor, { rule: rule('os-flavor-manage:create'), body: createFlavorBody }),
  r('PUT', '/flavors/:id', updateFlavor, {
    rule: rule('os-flavor-manage:update'),
    body: updateFlavorBody,
    since: '2.55',
  }),
  r('DELETE', '/flavors/:id', deleteFlavor, { rule: rule('os-flavor-manage:delete') }),
  r('GET', '/flavors/:id/os-flavor-access', showAccess, { rule: rule('os-flavor-access') }),
  r('POST', '/flavors/:id/action', flavorAction, { body: 'any', actions: flavorActionNames }),
  r('GET', '/flavors/:id/os-extra_specs', listSpecs, { rule: rule('os-flavor-extra-specs:index') }),
  r('POST', '/flavors/:id/os-extra_specs', createSpecs, {
    rule: rule('os-flavor-extra-specs:create'),
    body: createSpecsBody,
  }),
  r('GET', '/flavors/:id/os-extra_specs/:key', showSpec, { rule: rule('os-flavor-extra-specs:show') }),
  r('PUT', '/flavors/:id/os-extra_specs/:key', updateSpec, {
    rule: rule('os-flavor-extra-specs:update'),
    body: updateSpecBody,
  }),
  r('DELETE', '/flavors/:id/os-extra_specs/:key', deleteSpec, { rule: rule('os-flavor-extra-specs:delete') }),
].flat()
