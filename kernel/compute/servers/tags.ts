// Tags of a server: at most 50 words.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, noContent, ok, reply } from '../../../eden/http/request.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { tagText } from './create-body.ts'
import { checkLock, getServer } from './find.ts'
import { server } from './server.ts'

const rule = (name: string) => `os_compute_api:os-server-tags:${name}`
const most = 50

async function write(call: Call, id: string, ruleName: string, change: (before: string[]) => string[]) {
  return call.transaction(async (tx) => {
    const before = await getServer(call, tx, id, rule(ruleName))
    checkLock(call, before)
    const tags = [...new Set(change(before.tags))]
    if (tags.length > most) throw badRequest(`The number of tags exceeded the per-server limit ${most}`)
    return tx.rows(server).update(before, { tags })
  })
}

async function list(_: ComputeContext, call: Call, { params }: Input) {
  return ok({ tags: (await getServer(call, call, params.id!, rule('index'))).tags })
}

async function show(_: ComputeContext, call: Call, { params }: Input) {
  const { tags } = await getServer(call, call, params.id!, rule('show'))
  if (!tags.includes(params.tag!)) throw notFound(`Server ${params.id} has no tag '${params.tag}'`)
  return noContent()
}

async function replace(_: ComputeContext, call: Call, { params, body }: Input) {
  const { tags } = body as { tags: string[] }
  return ok({ tags: (await write(call, params.id!, 'update_all', () => tags)).tags })
}

async function add(_: ComputeContext, call: Call, { params }: Input) {
  const tag = params.tag!
  if (tag.length > 60) throw badRequest(`Tag '${tag}' is too long. Maximum length of a tag is 60`)
  if (/[,/]/.test(tag) || tag === '') throw badRequest(`Tag '${tag}' must not contain characters '/' and ','`)
  let isNew = true
  await write(call, params.id!, 'update', (before) => {
    isNew = !before.includes(tag)
    return [...before, tag]
  })
  return isNew
    ? reply(201, undefined, { location: `${call.origin}/v2.1/servers/${params.id}/tags/${tag}` })
    : noContent()
}

async function remove(_: ComputeContext, call: Call, { params }: Input) {
  await write(call, params.id!, 'delete', (before) => {
    if (!before.includes(params.tag!)) throw notFound(`Server ${params.id} has no tag '${params.tag}'`)
    return before.filter((tag) => tag !== params.tag)
  })
  return noContent()
}

async function removeAll(_: ComputeContext, call: Call, { params }: Input) {
  await write(call, params.id!, 'delete_all', () => [])
  return noContent()
}

const since = { since: '2.26' }
const body = Type.Object({ tags: Type.Array(tagText, { maxItems: most }) }, { additionalProperties: false })

export const serverTagRoutes: ComputeRoute[] = [
  r('GET', '/servers/:id/tags', list, since),
  r('PUT', '/servers/:id/tags', replace, { ...since, body }),
  r('DELETE', '/servers/:id/tags', removeAll, since),
  r('GET', '/servers/:id/tags/:tag', show, since),
  r('PUT', '/servers/:id/tags/:tag', add, since),
  r('DELETE', '/servers/:id/tags/:tag', remove, since),
].flat()
