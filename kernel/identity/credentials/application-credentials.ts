// Application credentials and the access rules that narrow them.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { badRequest, conflict, forbidden, notFound } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import type { Transaction } from '../../../eden/store/store.ts'
import type { IdentityContext } from '../context.ts'
import { pageOf } from '../extras/listing.ts'
import { collection, linkTo, shown } from '../extras/shown.ts'
import { futureTime, zonelessTime } from '../extras/wire-time.ts'
import { userFor } from '../people/find.ts'
import {
  type AccessRule,
  type ApplicationCredential,
  accessRule,
  applicationCredential,
} from './application-credential.ts'

const name = (max = 255) => Type.String({ minLength: 1, maxLength: max })
const strict = { additionalProperties: false }

export const createApplicationCredentialBody = Type.Object({
  application_credential: Type.Object(
    {
      name: name(),
      description: Type.Optional(Type.Union([Type.String({ maxLength: 65_535 }), Type.Null()])),
      secret: Type.Optional(Type.Union([name(4096), Type.Null()])),
      expires_at: Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
      unrestricted: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
      roles: Type.Optional(
        Type.Array(
          Type.Object({ id: Type.Optional(name(64)), name: Type.Optional(name()) }, { additionalProperties: true }),
        ),
      ),
      access_rules: Type.Optional(
        Type.Array(
          Type.Object(
            {
              id: Type.Optional(name(64)),
              service: Type.Optional(name()),
              path: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '^/' })),
              method: Type.Optional(Type.String({ pattern: '^(POST|GET|HEAD|PATCH|PUT|DELETE)$' })),
            },
            strict,
          ),
        ),
      ),
    },
    { additionalProperties: true },
  ),
})

interface RuleRef {
  id?: string
  service?: string
  path?: string
  method?: string
}
interface Body {
  name: string
  description?: string | null
  secret?: string | null
  expires_at?: string | null
  unrestricted?: boolean | null
  roles?: { id?: string; name?: string }[]
  access_rules?: RuleRef[]
}

export async function createApplicationCredential(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const { application_credential: body } = input.body as { application_credential: Body }
  const user = await userFor(call, input.params.user_id!, 'identity:create_application_credential')
  await mustBeFree(context, call)
  const projectId = call.projectId
  const expiresAt = futureTime(call, body.expires_at)
  const secret = body.secret ?? call.ids.secret(64).toString('base64url')
  const secretHash = await context.passwords.hash(secret)
  const roleIds = await rolesGiven(context, call, body.roles)
  const row = await call.transaction(async (tx) => {
    if (await tx.rows(applicationCredential).first({ userId: user.id, name: body.name }))
      throw conflict(`There is an application credential named ${body.name} already.`)
    return tx.rows(applicationCredential).insert({
      id: call.ids.hex(),
      userId: user.id,
      projectId,
      name: body.name,
      description: body.description ?? null,
      secretHash,
      roleIds,
      accessRuleIds: body.access_rules ? await rulesGiven(tx, user.id, body.access_rules) : null,
      expiresAt,
      unrestricted: body.unrestricted ?? false,
    })
  })
  const view = await applicationCredentialView(context, call, row)
  return created({ application_credential: { ...view, secret } })
}

/** What a restricted application credential opened cannot make further ones. */
async function mustBeFree({ tokens }: IdentityContext, call: Call) {
  const holder = call.token ? await tokens.find(call.token) : undefined
  if (holder?.applicationCredential && !holder.applicationCredential.unrestricted)
    throw forbidden('A restricted application credential cannot make or remove application credentials.')
}

/** Ids of the roles asked for, all of which the caller's token must have; without any, all that it has. */
async function rolesGiven({ tokens }: IdentityContext, call: Call, asked: Body['roles']): Promise<string[]> {
  const { byId } = await tokens.graph()
  const held = [...byId.values()].filter(
    (one) => one.domainId === null && call.credentials.roles.includes(one.name.toLowerCase()),
  )
  if (!asked) return held.map(({ id }) => id)
  return asked.map((ref) => {
    const found = held.find((one) => (ref.id ? one.id === ref.id : one.name === ref.name))
    if (!found) throw badRequest(`The token does not have the role ${ref.id ?? ref.name}.`)
    return found.id
  })
}

async function rulesGiven(tx: Transaction, userId: string, asked: RuleRef[]): Promise<string[]> {
  const ids: string[] = []
  for (const { id, service, path, method } of asked) {
    if (id !== undefined) {
      if ((await tx.rows(accessRule).find(id))?.userId !== userId)
        throw badRequest(`Could not find access rule: ${id}.`)
      ids.push(id)
      continue
    }
    if (!service || !path || !method) throw badRequest('An access rule has service, path and method.')
    const same = await tx.rows(accessRule).first({ userId, service, path, method })
    const rule = same ?? (await tx.rows(accessRule).insert({ id: tx.call.ids.hex(), userId, service, path, method }))
    ids.push(rule.id)
  }
  return ids
}

const ruleView = ({ id, service, path, method }: AccessRule) => ({ id, service, path, method })

async function applicationCredentialView(context: IdentityContext, call: Call, row: ApplicationCredential) {
  const { byId } = await context.tokens.graph()
  const rules = row.accessRuleIds && (await call.rows(accessRule).list({ where: { id: row.accessRuleIds } }))
  const { role_ids, access_rule_ids, user_id, ...fields } = shown(call, applicationCredential, row)
  const roles = row.roleIds.map((id) => byId.get(id)).filter((one) => one !== undefined)
  return {
    ...fields,
    expires_at: zonelessTime(row.expiresAt),
    system: null,
    roles: roles.map(({ id, name, domainId }) => ({ id, name, domain_id: domainId })),
    ...(rules && { access_rules: rules.map(ruleView) }),
    links: { self: linkTo(call, `users/${row.userId}/application_credentials/${row.id}`) },
  }
}

export async function listApplicationCredentials(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const user = await userFor(call, input.params.user_id!, 'identity:list_application_credentials')
  const { rows, next } = await pageOf(call, applicationCredential, input, { userId: user.id })
  const views = await Promise.all(rows.map((row) => applicationCredentialView(context, call, row)))
  return ok(collection(call, input, `users/${user.id}/application_credentials`, 'application_credentials', views, next))
}

async function find(call: Call, { params }: Input, rule: string): Promise<ApplicationCredential> {
  const user = await userFor(call, params.user_id!, rule)
  const found = await call.rows(applicationCredential).find(params.application_credential_id!)
  if (found?.userId !== user.id)
    throw notFound(`Could not find application credential: ${params.application_credential_id}.`)
  return found
}

export async function showApplicationCredential(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await find(call, input, 'identity:get_application_credential')
  return ok({ application_credential: await applicationCredentialView(context, call, found) })
}

export async function removeApplicationCredential(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await find(call, input, 'identity:delete_application_credential')
  await mustBeFree(context, call)
  await call.transaction((tx) => tx.rows(applicationCredential).remove(found))
  return noContent()
}

export async function listAccessRules(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const user = await userFor(call, input.params.user_id!, 'identity:list_access_rules')
  const { rows, next } = await pageOf(call, accessRule, input, { userId: user.id })
  const views = rows.map((row) => ({ ...ruleView(row), links: ruleLinks(call, row) }))
  return ok(collection(call, input, `users/${user.id}/access_rules`, 'access_rules', views, next))
}

const ruleLinks = (call: Call, { id, userId }: AccessRule) => ({
  self: linkTo(call, `users/${userId}/access_rules/${id}`),
})

async function findRule(call: Call, { params }: Input, rule: string): Promise<AccessRule> {
  const user = await userFor(call, params.user_id!, rule)
  const found = await call.rows(accessRule).find(params.access_rule_id!)
  if (found?.userId !== user.id) throw notFound(`Could not find access rule: ${params.access_rule_id}.`)
  return found
}

export async function showAccessRule(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await findRule(call, input, 'identity:get_access_rule')
  return ok({ access_rule: { ...ruleView(found), links: ruleLinks(call, found) } })
}

export async function removeAccessRule(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await findRule(call, input, 'identity:delete_access_rule')
  await call.transaction(async (tx) => {
    const all = await tx.rows(applicationCredential).list({ where: { userId: found.userId } })
    if (all.some(({ accessRuleIds }) => accessRuleIds?.includes(found.id)))
      throw forbidden('An application credential has this access rule: remove that first.')
    await tx.rows(accessRule).remove(found)
  })
  return noContent()
}
