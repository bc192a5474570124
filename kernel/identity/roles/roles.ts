// Roles: make, list, show, change, remove. A domain's own roles have rules of their own.
import type { Call } from '../../../eden/call.ts'
import { conflict, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { fieldsFrom } from '../../../eden/resource/input.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { extraFrom, optionsAfter } from '../extras/extra.ts'
import { mustBeMutable, mustStay } from '../extras/guards.ts'
import { pageOf } from '../extras/listing.ts'
import { collection } from '../extras/shown.ts'
import { project } from '../projects/project.ts'
import { removeRoleRow } from './remove.ts'
import { type Role, role } from './role.ts'
import { roleView } from './view.ts'

type Body = Record<string, unknown>
type Verb = 'get' | 'create' | 'update' | 'delete'

const ruleFor = (verb: Verb, domainId: string | null | undefined) =>
  domainId ? `identity:${verb}_domain_role` : `identity:${verb}_role`

export async function roleFor(call: Call, id: string, verb: Verb): Promise<Role> {
  const found = await call.rows(role).find(id)
  call.require(ruleFor(verb, found?.domainId), { target: { role: { domain_id: found?.domainId, name: found?.name } } })
  if (!found) throw notFound(`Could not find role: ${id}.`)
  return found
}

export async function createRole(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { role: body } = input.body as { role: Body }
  const domainId = (body.domain_id as string | undefined) ?? null
  call.require(ruleFor('create', domainId), { target: { role: { domain_id: domainId } } })
  const row = await call.transaction(async (tx) => {
    if (domainId && !(await tx.rows(project).find(domainId))?.isDomain)
      throw notFound(`Could not find domain: ${domainId}.`)
    await nameMustBeFree(tx, body, domainId)
    return tx
      .rows(role)
      .insert({ ...fieldsFrom(role, body), id: call.ids.hex(), domainId, extra: extraFrom(role, body) })
  })
  return created({ role: roleView(call, row) })
}

export async function updateRole(_: IdentityContext, call: Call, { params, body: given }: Input): Promise<Reply> {
  const { role: body } = given as { role: Body }
  const { id } = await roleFor(call, params.role_id!, 'update')
  const row = await call.transaction(async (tx) => {
    const before = await tx.rows(role).get(id)
    mustBeMutable('role', before.options, body)
    mustStay(body, { id, domain_id: before.domainId })
    await nameMustBeFree(tx, body, before.domainId, id)
    return tx.rows(role).update(before, {
      ...fieldsFrom(role, body),
      options: optionsAfter(before.options, body.options),
      extra: { ...before.extra, ...extraFrom(role, body) },
    })
  })
  return ok({ role: roleView(call, row) })
}

async function nameMustBeFree(tx: Transaction, { name }: Body, domainId: string | null, but?: string) {
  if (name === undefined) return
  const other = await tx.rows(role).first({ name: String(name), domainId })
  if (other && other.id !== but) throw conflict(`There is a role named ${name} already.`)
}

export async function listRoles(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const domainId = input.query.domain_id
  call.require(domainId ? 'identity:list_domain_roles' : 'identity:list_roles', { target: { domain_id: domainId } })
  const { rows, next } = await pageOf(call, role, input, { domainId: domainId ?? null })
  return ok(
    collection(
      call,
      input,
      'roles',
      'roles',
      rows.map((row) => roleView(call, row)),
      next,
    ),
  )
}

export async function showRole(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  return ok({ role: roleView(call, await roleFor(call, params.role_id!, 'get')) })
}

export async function removeRole(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const found = await roleFor(call, params.role_id!, 'delete')
  mustBeMutable('role', found.options)
  await call.transaction((tx) => removeRoleRow(tx, found))
  return noContent()
}
