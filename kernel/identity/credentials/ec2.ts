// OS-EC2: pairs of access and secret keys, with which programs sign requests.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { notFound, unauthorized } from '../../../eden/errors.ts'
import { created, type Input, noContent, ok, type Reply } from '../../../eden/http/request.ts'
import { rolesAt } from '../assignments/effective.ts'
import type { IdentityContext } from '../context.ts'
import { collection, linkTo } from '../extras/shown.ts'
import { userFor } from '../people/find.ts'
import { project } from '../projects/project.ts'
import { openBlob, sealBlob } from './blob.ts'
import { type Credential, credential } from './credential.ts'
import { ec2Id } from './credentials.ts'

export const createEc2Body = Type.Object(
  { tenant_id: Type.String({ minLength: 1, maxLength: 64 }) },
  { additionalProperties: true },
)

interface Ec2Blob {
  access: string
  secret: string
  trust_id: string | null
}

const ec2View = (context: IdentityContext, call: Call, row: Credential) => {
  const { access, secret, trust_id } = JSON.parse(openBlob(context, row)) as Ec2Blob
  return {
    user_id: row.userId,
    tenant_id: row.projectId,
    access,
    secret,
    trust_id,
    links: { self: linkTo(call, `users/${row.userId}/credentials/OS-EC2/${access}`) },
  }
}

export async function createEc2(context: IdentityContext, call: Call, { params, body }: Input): Promise<Reply> {
  const user = await userFor(call, params.user_id!, 'identity:ec2_create_credential')
  const projectId = (body as { tenant_id: string }).tenant_id
  if (!(await call.rows(project).find(projectId))) throw notFound(`Could not find project: ${projectId}.`)
  const target = { type: 'project', id: projectId } as const
  if ((await rolesAt(context.ground.store.reads(), await context.tokens.graph(), user.id, target)).length === 0)
    throw unauthorized('The user has no role in this project.')
  const blob: Ec2Blob = {
    access: call.ids.secret(16).toString('hex'),
    secret: call.ids.secret(16).toString('hex'),
    trust_id: null,
  }
  const row = await call.transaction((tx) =>
    tx.rows(credential).insert({
      id: ec2Id(blob.access),
      userId: user.id,
      projectId,
      type: 'ec2',
      encryptedBlob: sealBlob(context, JSON.stringify(blob)),
    }),
  )
  return created({ credential: ec2View(context, call, row) })
}

export async function listEc2(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const user = await userFor(call, input.params.user_id!, 'identity:ec2_list_credentials')
  const rows = await call.rows(credential).list({ where: { userId: user.id, type: 'ec2' } })
  const views = rows.map((row) => ec2View(context, call, row))
  return ok(collection(call, input, `users/${user.id}/credentials/OS-EC2`, 'credentials', views))
}

async function ec2For(call: Call, { params }: Input, rule: string): Promise<Credential> {
  const user = await userFor(call, params.user_id!, rule)
  const found = await call.rows(credential).find(ec2Id(params.credential_id!))
  if (found?.userId !== user.id) throw notFound(`Could not find credential: ${params.credential_id}.`)
  return found
}

export async function showEc2(context: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await ec2For(call, input, 'identity:ec2_get_credential')
  return ok({ credential: ec2View(context, call, found) })
}

export async function removeEc2(_: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const found = await ec2For(call, input, 'identity:ec2_delete_credential')
  await call.transaction((tx) => tx.rows(credential).remove(found))
  return noContent()
}
