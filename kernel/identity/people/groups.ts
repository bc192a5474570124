// Groups: make, list, show, change, remove.
import type { Call } from '../../../eden/call.ts'
import { conflict, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom } from '../extras/extra.ts'
import { homeDomain, mustStay, ownDomainOnly } from '../extras/guards.ts'
import { pageOf } from '../extras/listing.ts'
import { collection } from '../extras/shown.ts'
import { project } from '../projects/project.ts'
import { groupFor } from './find.ts'
import { group } from './group.ts'
import { removeGroupRow } from './remove.ts'
import { groupView } from './view.ts'

type Body = Record<string, unknown>

export async function createGroup(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { group: body } = input.body as { group: Body }
  const domainId = (body.domain_id as string | undefined) ?? homeDomain(call)
  call.require('identity:create_group', { target: { group: { domain_id: domainId } } })
  const row = await call.transaction(async (tx) => {
    if (!(await tx.rows(project).find(domainId))?.isDomain) throw notFound(`Could not find domain: ${domainId}.`)
    await nameMustBeFree(tx, body, domainId)
    return tx
      .rows(group)
      .insert({ ...fieldsFrom(group, body), id: call.ids.hex(), domainId, extra: extraFrom(group, body) })
  })
  return created({ group: groupView(call, row) })
}

export async function updateGroup(_: IdentityContext, call: Call, { params, body: given }: Input): Promise<Reply> {
  const { group: body } = given as { group: Body }
  const { id } = await groupFor(call, params.group_id!, 'identity:update_group')
  const row = await call.transaction(async (tx) => {
    const before = await tx.rows(group).get(id)
    mustStay(body, { id, domain_id: before.domainId })
    await nameMustBeFree(tx, body, before.domainId, id)
    const extra = { ...before.extra, ...extraFrom(group, body) }
    return tx.rows(group).update(before, { ...fieldsFrom(group, body), extra })
  })
  return ok({ group: groupView(call, row) })
}

async function nameMustBeFree(tx: Transaction, { name }: Body, domainId: string, but?: string) {
  if (name === undefined) return
  const other = await tx.rows(group).first({ name: String(name), domainId })
  if (other && other.id !== but) throw conflict(`There is a group named ${name} in this domain already.`)
}

export async function listGroups(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const domainId = input.query.domain_id ?? call.credentials.domainId
  call.require('identity:list_groups', { target: { domain_id: domainId } })
  const { rows, next } = await pageOf(call, group, input, ownDomainOnly(call))
  return ok(
    collection(
      call,
      input,
      'groups',
      'groups',
      rows.map((row) => groupView(call, row)),
      next,
    ),
  )
}

export async function showGroup(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  return ok({ group: groupView(call, await groupFor(call, params.group_id!, 'identity:get_group')) })
}

export async function removeGroup(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found = await groupFor(call, params.group_id!, 'identity:delete_group')
  await call.transaction((tx) => removeGroupRow(tx, found))
  return noContent()
}
