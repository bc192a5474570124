// Tags of a project.
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import { linkTo } from '../extras/shown.ts'
import { projectFor } from './list.ts'
import { project } from './project.ts'

const reply = (call: Call, id: string, tags: string[]) =>
  ok({ tags, links: { self: linkTo(call, `projects/${id}/tags`), previous: null, next: null } })

/** The project with its tags changed by `change`. */
const changeTags = (call: Call, id: string, change: (tags: string[]) => string[]) =>
  call.transaction(async (tx) => {
    const before = await tx.rows(project).get(id)
    return tx.rows(project).update(before, { tags: [...change(before.tags)].sort() })
  })

export async function listTags(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const { id, tags } = await projectFor(call, params.project_id!, 'identity:list_project_tags')
  return reply(call, id, tags)
}

export async function replaceTags(_: IdentityContext, call: Call, { params, body }: Input): Promise<Reply> {
  const { id } = await projectFor(call, params.project_id!, 'identity:update_project_tags')
  const { tags } = await changeTags(call, id, () => (body as { tags: string[] }).tags)
  return reply(call, id, tags)
}

export async function removeTags(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const { id } = await projectFor(call, params.project_id!, 'identity:delete_project_tags')
  await changeTags(call, id, () => [])
  return noContent()
}

export async function showTag(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const { tags } = await projectFor(call, params.project_id!, 'identity:get_project_tag')
  if (!tags.includes(params.tag!)) throw notFound(`Could not find project tag: ${params.tag}.`)
  return noContent()
}

export async function addTag(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const tag = params.tag!
  const { id } = await projectFor(call, params.project_id!, 'identity:create_project_tag')
  if (tag.length > 255 || /[,/]/.test(tag))
    throw badRequest('A tag has 255 characters at most, and neither comma nor slash.')
  await changeTags(call, id, (tags) => {
    if (tags.length >= 80) throw badRequest('A project has 80 tags at the most.')
    return tags.includes(tag) ? tags : [...tags, tag]
  })
  return created(undefined, { location: linkTo(call, `projects/${id}/tags/${encodeURIComponent(tag)}`) })
}

export async function removeTag(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const { id, tags } = await projectFor(call, params.project_id!, 'identity:delete_project_tag')
  if (!tags.includes(params.tag!)) throw notFound(`Could not find project tag: ${params.tag}.`)
  await changeTags(call, id, (all) => all.filter((one) => one !== params.tag))
  return noContent()
}
