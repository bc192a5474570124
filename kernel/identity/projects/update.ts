// PATCH /v3/projects/:id and /v3/domains/:id.
import type { Call } from '../../../eden/call.ts'
import { forbidden } from '../../../eden/errors.ts'
import { type Input, ok, type Reply } from '../../../eden/http/request.ts'
import { fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom, optionsAfter } from '../extras/extra.ts'
import { mustBeMutable, mustStay } from '../extras/guards.ts'
import { nameMustBeFree } from './create.ts'
import { domainFor, projectFor } from './list.ts'
import { type Project, project } from './project.ts'
import { parentsOf, subtreeOf } from './tree.ts'
import { domainView, projectView } from './view.ts'

type Body = Record<string, unknown>

export async function updateProject(_: IdentityContext, call: Call, { params, body }: Input): Promise<Reply> {
  const before = await projectFor(call, params.project_id!, 'identity:update_project')
  const row = await change(call, before, (body as { project: Body }).project)
  return ok({ project: projectView(call, row) })
}

export async function updateDomain(_: IdentityContext, call: Call, { params, body }: Input): Promise<Reply> {
  const before = await domainFor(call, params.domain_id!, 'identity:update_domain')
  const row = await change(call, before, (body as { domain: Body }).domain)
  return ok({ domain: domainView(call, row) })
}

async function change(call: Call, { id }: Project, body: Body): Promise<Project> {
  return call.transaction(async (tx) => {
    const before = await tx.rows(project).get(id)
    mustBeMutable(before.isDomain ? 'domain' : 'project', before.options, body)
    mustStay(body, { id, domain_id: before.domainId, is_domain: before.isDomain })
    if (body.parent_id !== undefined && body.parent_id !== before.parentId)
      throw forbidden('A project stays where it is in the tree.')
    const { domainId, parentId, isDomain, ...fields } = fieldsFrom(project, body)
    if (fields.name !== undefined) await nameMustBeFree(tx, fields.name, before.domainId, id)
    const isClosing = fields.enabled === false && before.enabled
    if (isClosing && !before.isDomain) await mustHaveNoEnabledBelow(tx, id)
    if (fields.enabled === true && !before.enabled && (await parentsOf(tx, before)).some(({ enabled }) => !enabled))
      throw forbidden('A project cannot be enabled below one that is disabled.')
    return tx.rows(project).update(before, {
      ...fields,
      options: optionsAfter(before.options, body.options),
      extra: { ...before.extra, ...extraFrom(project, body) },
      ...(isClosing && { generation: before.generation + 1 }),
    })
  })
}

async function mustHaveNoEnabledBelow(tx: Transaction, id: string) {
  if ((await subtreeOf(tx, id)).some(({ enabled }) => enabled))
    throw forbidden('There are enabled projects below this one: disable those first.')
}
