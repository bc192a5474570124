// POST /v3/projects and POST /v3/domains.
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, forbidden, notFound } from '../../../eden/errors.ts'
import { created, type Input, type Reply } from '../../../eden/http/request.ts'
import { fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom } from '../extras/extra.ts'
import { homeDomain } from '../extras/guards.ts'
import { project } from './project.ts'
import { parentsOf } from './tree.ts'
import { domainView, projectView } from './view.ts'

type Body = Record<string, unknown>

export async function createProject({ settings }: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { project: body } = input.body as { project: Body }
  if (body.is_domain === true) return createFromBody(call, body, 'project')
  const parent = body.parent_id ? await call.rows(project).find(String(body.parent_id)) : undefined
  const ofParent = parent && (parent.isDomain ? parent.id : parent.domainId!)
  const domainId = (body.domain_id as string | undefined) ?? ofParent ?? homeDomain(call)
  call.require('identity:create_project', { target: { project: { domain_id: domainId } } })
  if (body.parent_id && !parent) throw notFound(`Could not find project: ${body.parent_id}.`)
  if (parent && ofParent !== domainId) throw badRequest('A project is in the same domain as its parent.')
  const row = await call.transaction(async (tx) => {
    const domain = await tx.rows(project).find(domainId)
    if (!domain?.isDomain) throw notFound(`Could not find domain: ${domainId}.`)
    const above = parent ? [parent, ...(await parentsOf(tx, parent))] : [domain]
    if (above.some(({ enabled }) => !enabled))
      throw forbidden('A project cannot be made below a project or domain that is disabled.')
    if (above.length > settings.maxProjectDepth)
      throw forbidden(`Projects may be nested ${settings.maxProjectDepth} levels deep at the most.`)
    await nameMustBeFree(tx, String(body.name), domainId)
    return tx.rows(project).insert({
      ...fieldsFrom(project, body),
      id: call.ids.hex(),
      domainId,
      parentId: parent?.id ?? domainId,
      isDomain: false,
      extra: extraFrom(project, body),
    })
  })
  return created({ project: projectView(call, row) })
}

export async function createDomain(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  return createFromBody(call, (input.body as { domain: Body }).domain, 'domain')
}

async function createFromBody(call: Call, body: Body, as: 'project' | 'domain'): Promise<Reply> {
  call.require('identity:create_domain')
  if (body.domain_id || body.parent_id) throw badRequest('A domain is in no other domain and has no parent.')
  const asked = body.explicit_domain_id as string | undefined
  const row = await call.transaction(async (tx) => {
    if (await tx.rows(project).first({ name: String(body.name), isDomain: true }))
      throw conflict(`There is a domain named ${body.name} already.`)
    if (asked && (await tx.rows(project).find(asked))) throw conflict(`There is a domain ${asked} already.`)
    return tx.rows(project).insert({
      ...fieldsFrom(project, body),
      id: asked ?? call.ids.hex(),
      domainId: null,
      parentId: null,
      isDomain: true,
      extra: extraFrom(project, body, ['explicit_domain_id']),
    })
  })
  return created(as === 'domain' ? { domain: domainView(call, row) } : { project: projectView(call, row) })
}

/** @throws 409 where another project of the domain has the name. */
export async function nameMustBeFree(tx: Transaction, name: string, domainId: string | null, but?: string) {
  const other = await tx.rows(project).first(domainId === null ? { name, isDomain: true } : { name, domainId })
  if (other && other.id !== but)
    throw conflict(`There is a ${domainId === null ? 'domain' : 'project'} named ${name} already.`)
}
