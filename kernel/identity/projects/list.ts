// GET /v3/projects and /v3/domains, one or many.
import { sql } from 'kysely'
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { type Input, ok, type Reply } from '../../../eden/http/request.ts'
import type { Condition, WhereBuilder } from '../../../eden/store/where.ts'
import { projectsOf } from '../assignments/places.ts'
import type { IdentityContext } from '../context.ts'
import { ownDomainOnly } from '../extras/guards.ts'
import { pageOf } from '../extras/listing.ts'
import { collection } from '../extras/shown.ts'
import { type Project, project } from './project.ts'
import { idsBelow, parentsOf, subtreeOf } from './tree.ts'
import { domainView, projectView } from './view.ts'

export async function listProjects(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const domainId = input.query.domain_id ?? call.credentials.domainId
  call.require('identity:list_projects', { target: { domain_id: domainId } })
  const isDomain = /^(true|1|)$/i.test(input.query.is_domain ?? 'false')
  const { rows, next } = await pageOf(
    call,
    project,
    input,
    { isDomain, ...(isDomain ? {} : ownDomainOnly(call)) },
    tagged(input),
  )
  return ok(
    collection(
      call,
      input,
      'projects',
      'projects',
      rows.map((row) => projectView(call, row)),
      next,
    ),
  )
}

export async function listDomains(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  call.require('identity:list_domains', { target: { domain: { id: call.credentials.domainId } } })
  const own = call.credentials.domainId ? { id: call.credentials.domainId } : {}
  const { rows, next } = await pageOf(call, project, input, {
    isDomain: true,
    ...(call.allows('admin_required') ? {} : own),
  })
  return ok(
    collection(
      call,
      input,
      'domains',
      'domains',
      rows.map((row) => domainView(call, row)),
      next,
    ),
  )
}

/** Conditions of `tags`, `tags-any`, `not-tags` and `not-tags-any`. */
function tagged({ query }: Input): ((eb: WhereBuilder) => Condition) | undefined {
  const asked = (['tags', 'tags-any', 'not-tags', 'not-tags-any'] as const).filter((name) => query[name])
  if (asked.length === 0) return undefined
  const column = sql.ref(`${project.table}.tags`)
  // Tags are kept as a JSON list, in which each is written in exactly one way.
  const has = (tag: string) => sql<boolean>`replace(${column}, ${JSON.stringify(tag)}, '') <> ${column}`
  return (eb) =>
    eb.and(
      asked.map((name) => {
        const each = query[name]!.split(',').map(has)
        const together = name.endsWith('any') ? eb.or(each) : eb.and(each)
        return name.startsWith('not') ? eb.not(together) : together
      }),
    ) as Condition
}

/** @throws 404; 403 is for those who may know that it exists. */
export async function projectFor(call: Call, id: string, rule: string): Promise<Project> {
  const found = await call.rows(project).find(id)
  call.require(rule, targetOf(found))
  if (!found) throw notFound(`Could not find project: ${id}.`)
  return found
}

export async function domainFor(call: Call, id: string, rule: string): Promise<Project> {
  const found = await call.rows(project).find(id)
  call.require(rule, { target: { domain: { id } } })
  if (!found?.isDomain) throw notFound(`Could not find domain: ${id}.`)
  return found
}

export const targetOf = (found: Project | undefined) => ({
  target: { project: { id: found?.id, domain_id: found?.isDomain ? found.id : found?.domainId } },
})

export async function showProject(_: IdentityContext, call: Call, { params, queryAll }: Input): Promise<Reply> {
  const row = await projectFor(call, params.project_id!, 'identity:get_project')
  const reads = call.ground.store.reads(call)
  const body: Record<string, unknown> = projectView(call, row)
  const wantsList = queryAll.has('parents_as_list') || queryAll.has('subtree_as_list')
  const mine = wantsList ? new Set((await projectsOf(reads, call.userId)).map(({ id }) => id)) : new Set<string>()
  const visible = (rows: Project[]) =>
    rows.filter(({ id }) => mine.has(id)).map((one) => ({ project: projectView(call, one) }))
  if (queryAll.has('parents_as_list')) body.parents = visible(await parentsOf(reads, row))
  if (queryAll.has('parents_as_ids'))
    body.parents = (await parentsOf(reads, row)).reduceRight<unknown>((inner, { id }) => ({ [id]: inner }), null)
  if (queryAll.has('subtree_as_list')) body.subtree = visible(await subtreeOf(reads, row.id))
  if (queryAll.has('subtree_as_ids')) body.subtree = idsBelow(await subtreeOf(reads, row.id), row.id)
  return ok({ project: body })
}

export async function showDomain(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  return ok({ domain: domainView(call, await domainFor(call, params.domain_id!, 'identity:get_domain')) })
}
