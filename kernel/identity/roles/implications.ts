// Which role implies which other.
import type { Call } from '../../../eden/call.ts'
import { forbidden, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import type { IdentityContext } from '../context.ts'
import { linkTo } from '../extras/shown.ts'
import { implication, implicationKey, type Role, role } from './role.ts'
import { roleBrief } from './view.ts'

/** Whoever could make another role imply one of these would be an administrator by it. */
const neverImplied = ['admin']

async function roleNamed(call: Call, id: string): Promise<Role> {
  const found = await call.rows(role).find(id)
  if (!found) throw notFound(`Could not find role: ${id}.`)
  return found
}

async function pair(call: Call, { params }: Input) {
  const prior = await roleNamed(call, params.prior_role_id!)
  const implied = await roleNamed(call, params.implied_role_id!)
  return { prior, implied, key: implicationKey(prior.id, implied.id) }
}

const inference = (call: Call, prior: Role, implied: Role) => ({
  role_inference: { prior_role: roleBrief(call, prior), implies: roleBrief(call, implied) },
  links: { self: linkTo(call, `roles/${prior.id}/implies/${implied.id}`) },
})

const unknown = (prior: Role, implied: Role) => notFound(`Role ${prior.id} does not imply role ${implied.id}.`)

export async function addImplication(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { prior, implied, key } = await pair(call, input)
  if (neverImplied.includes(implied.name)) throw forbidden(`The role ${implied.name} may not be implied by another.`)
  if (implied.domainId && !prior.domainId)
    throw forbidden("A domain's own role cannot be implied by a role of the whole cloud.")
  await call.transaction(async (tx) => {
    if (!(await tx.rows(implication).find(key)))
      await tx.rows(implication).insert({ id: key, priorRoleId: prior.id, impliedRoleId: implied.id })
  })
  return created(inference(call, prior, implied))
}

export async function showImplication(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { prior, implied, key } = await pair(call, input)
  if (!(await call.rows(implication).find(key))) throw unknown(prior, implied)
  return ok(inference(call, prior, implied))
}

export async function checkImplication(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  await showImplication(context, call, input)
  return noContent()
}

export async function removeImplication(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { prior, implied, key } = await pair(call, input)
  await call.transaction(async (tx) => {
    const found = await tx.rows(implication).find(key)
    if (!found) throw unknown(prior, implied)
    await tx.rows(implication).remove(found)
  })
  return noContent()
}

export async function listImplied(_: IdentityContext, call: Call, { params }: Input): Promise<Reply> {
  const prior = await roleNamed(call, params.prior_role_id!)
  const rows = await call.rows(implication).list({ where: { priorRoleId: prior.id } })
  const implied = await call.rows(role).list({ where: { id: rows.map(({ impliedRoleId }) => impliedRoleId) } })
  return ok({
    role_inference: { prior_role: roleBrief(call, prior), implies: implied.map((one) => roleBrief(call, one)) },
    links: { self: linkTo(call, `roles/${prior.id}/implies`) },
  })
}

export async function listInferences({ tokens }: IdentityContext, call: Call): Promise<Reply> {
  const { byId, implied } = await tokens.graph()
  const rules = [...implied].map(([prior, others]) => ({
    prior_role: roleBrief(call, byId.get(prior)!),
    implies: others.map((id) => roleBrief(call, byId.get(id)!)),
  }))
  return ok({ role_inferences: rules, links: { self: linkTo(call, 'role_inferences'), previous: null, next: null } })
}
