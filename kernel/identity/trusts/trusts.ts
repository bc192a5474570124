// OS-TRUST: lend roles, see what is lent, end it.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { badRequest, forbidden, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { rolesAt } from '../assignments/effective.ts'
import type { IdentityContext } from '../context.ts'
import { pageOf } from '../extras/listing.ts'
import { collection, linkTo, shown } from '../extras/shown.ts'
import { futureTime, wireTimeOf } from '../extras/wire-time.ts'
import { user } from '../people/user.ts'
import { type Role, role } from '../roles/role.ts'
import { roleView } from '../roles/view.ts'
import { type Trust, trust } from './trust.ts'

const id = () => Type.String({ minLength: 1, maxLength: 64 })
const maybe = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

export const createTrustBody = Type.Object({
  trust: Type.Object(
    {
      trustor_user_id: id(),
      trustee_user_id: id(),
      impersonation: Type.Boolean(),
      project_id: maybe(id()),
      expires_at: maybe(Type.String({ maxLength: 64 })),
      remaining_uses: maybe(Type.Integer({ minimum: 1 })),
      roles: Type.Optional(
        Type.Array(Type.Object({ id: Type.Optional(id()), name: Type.Optional(Type.String({ maxLength: 255 })) })),
      ),
    },
    { additionalProperties: true },
  ),
})

interface Body {
  trustor_user_id: string
  trustee_user_id: string
  impersonation: boolean
  project_id?: string | null
  expires_at?: string | null
  remaining_uses?: number | null
  roles?: { id?: string; name?: string }[]
}

const namesOf = (found: Pick<Trust, 'trustorUserId' | 'trusteeUserId'> | undefined) => ({
  target: { trust: { trustor_user_id: found?.trustorUserId, trustee_user_id: found?.trusteeUserId } },
})

export async function createTrust(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { trust: body } = input.body as { trust: Body }
  call.require('identity:create_trust', { trust: { trustor_user_id: body.trustor_user_id } })
  const holder = call.token ? await context.tokens.find(call.token) : undefined
  if (holder?.trust) throw forbidden('What was lent cannot be lent on.')
  if (holder?.applicationCredential && !holder.applicationCredential.unrestricted)
    throw forbidden('A restricted application credential cannot lend roles.')
  if (!(await call.rows(user).find(body.trustee_user_id)))
    throw notFound(`Could not find user: ${body.trustee_user_id}.`)
  const lent = await rolesLent(context, call, body)
  const expiresAt = futureTime(call, body.expires_at)
  const row = await call.transaction((tx) =>
    tx.rows(trust).insert({
      id: call.ids.hex(),
      trustorUserId: body.trustor_user_id,
      trusteeUserId: body.trustee_user_id,
      projectId: body.project_id ?? null,
      impersonation: body.impersonation,
      expiresAt,
      remainingUses: body.remaining_uses ?? null,
      roleIds: lent.map((one) => one.id),
    }),
  )
  return created({ trust: await trustView(call, row, true) })
}

/** @throws 403 where the trustor does not have a role that is to be lent. */
async function rolesLent({ ground, tokens }: IdentityContext, call: Call, body: Body): Promise<Role[]> {
  const asked = body.roles ?? []
  if (!body.project_id) {
    if (asked.length > 0) throw badRequest('Roles are lent in a project: name it.')
    return []
  }
  if (asked.length === 0) throw forbidden('At least one role should be specified.')
  const target = { type: 'project', id: body.project_id } as const
  const held = await rolesAt(ground.store.reads(), await tokens.graph(), call.userId, target)
  const known = await call.rows(role).list()
  return asked.map((ref) => {
    const isIt = (one: Role) => (ref.id ? one.id === ref.id : one.name === ref.name)
    if (!known.some(isIt)) throw notFound(`Could not find role: ${ref.id ?? ref.name}.`)
    const found = held.find(isIt)
    if (!found) throw forbidden(`The trustor does not have the role ${ref.id ?? ref.name} in this project.`)
    return found
  })
}

async function trustView(call: Call, row: Trust, withRoles: boolean): Promise<Record<string, unknown>> {
  const roles = withRoles ? await call.rows(role).list({ where: { id: row.roleIds } }) : []
  return {
    ...shown(call, trust, row, 'OS-TRUST/trusts'),
    expires_at: wireTimeOf(row.expiresAt),
    deleted_at: wireTimeOf(row.deletedAt),
    redelegation_count: 0,
    ...(withRoles && {
      roles: roles.map((one) => roleView(call, one)),
      roles_links: { self: linkTo(call, `OS-TRUST/trusts/${row.id}/roles`), previous: null, next: null },
    }),
  }
}

export async function listTrusts(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { trustor_user_id: trustorUserId, trustee_user_id: trusteeUserId } = input.query
  const target = { target: { trust: { trustor_user_id: trustorUserId, trustee_user_id: trusteeUserId } } }
  if (trustorUserId) call.require('identity:list_trusts_for_trustor', target)
  if (trusteeUserId) call.require('identity:list_trusts_for_trustee', target)
  if (!trustorUserId && !trusteeUserId) call.require('identity:list_trusts')
  const { rows, next } = await pageOf(call, trust, input, { deletedAt: null })
  const now = call.clock.now()
  const good = rows.filter(({ expiresAt }) => !expiresAt || Date.parse(expiresAt) > now)
  const views = await Promise.all(good.map((row) => trustView(call, row, false)))
  return ok(collection(call, input, 'OS-TRUST/trusts', 'trusts', views, next))
}

async function trustFor(call: Call, { params }: Input, rule: string): Promise<Trust> {
  const found = await call.rows(trust).find(params.trust_id!)
  call.require(rule, namesOf(found))
  const isOver = found?.expiresAt && Date.parse(found.expiresAt) <= call.clock.now()
  if (!found || found.deletedAt || isOver) throw notFound(`Could not find trust: ${params.trust_id}.`)
  return found
}

export async function showTrust(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  return ok({ trust: await trustView(call, await trustFor(call, input, 'identity:get_trust'), true) })
}

export async function removeTrust(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await trustFor(call, input, 'identity:delete_trust')
  await call.transaction((tx) => tx.rows(trust).update(found, { deletedAt: isoTime(call.clock.now()) }))
  return noContent()
}

export async function listTrustRoles(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await trustFor(call, input, 'identity:list_roles_for_trust')
  const roles = await call.rows(role).list({ where: { id: found.roleIds } })
  const views = roles.map((one) => roleView(call, one))
  return ok(collection(call, input, `OS-TRUST/trusts/${found.id}/roles`, 'roles', views))
}

export async function showTrustRole(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await trustFor(call, input, 'identity:get_role_for_trust')
  const { role_id: roleId } = input.params
  const one = found.roleIds.includes(roleId!) ? await call.rows(role).find(roleId!) : undefined
  if (!one) throw notFound(`Could not find role: ${roleId}.`)
  return ok({ role: roleView(call, one) })
}
