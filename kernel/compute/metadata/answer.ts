// POST /internal/metadata: what a guest asked of 169.254.169.254, answered for the server that it is.
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { everyone } from '../../../eden/store/rows.ts'
import type { ComputeContext } from '../context.ts'
import { type Server, server } from '../servers/server.ts'
import { devicesOfServer } from '../volumes/attachments.ts'
import { contentPath, metaData, networkData, releases } from './documents.ts'
import { ec2Answer, ec2Document, ec2Releases } from './ec2.ts'

export const metadataBody = Type.Object(
  {
    server_id: Type.String({ maxLength: 64 }),
    project_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    source_address: Type.Optional(Type.String()),
    method: Type.String(),
    path: Type.String({ maxLength: 4096 }),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    body: Type.Optional(Type.String({ maxLength: 65536 })),
  },
  { additionalProperties: true },
)

interface Asked {
  server_id: string
  project_id?: string | null
  method: string
  path: string
  body?: string
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

const text = (body: string, status = 200): Answer => ({ status, headers: { 'content-type': 'text/plain' }, body })
const document = (body: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const nothing = text('404 Not Found', 404)

export async function answerMetadata(_: ComputeContext, call: Call, { body }: Input) {
  const asked = body as Asked
  const row = await call.rows(server, everyone('a guest asks about itself')).find(asked.server_id)
  if (!row || (asked.project_id && asked.project_id !== row.projectId)) return ok(nothing)
  const path = decodeURIComponent(asked.path.split('?')[0]!).split('/').filter(Boolean)
  if (asked.method === 'POST') return ok(await keepPassword(call, row, path, asked.body ?? ''))
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return ok(text('405 Method Not Allowed', 405))
  return ok((await answerFor(call, row, path)) ?? nothing)
}

async function answerFor(call: Call, row: Server, [first, ...rest]: string[]): Promise<Answer | undefined> {
  if (first === undefined) return text([...ec2Releases].join('\n'))
  if (first === 'openstack') return openstackAnswer(call, row, rest)
  if (!ec2Releases.includes(first)) return undefined
  const [kind, ...path] = rest
  if (kind === undefined) return text(row.userData === null ? 'meta-data/' : 'meta-data/\nuser-data')
  if (kind === 'user-data') return userData(row)
  if (kind !== 'meta-data') return undefined
  const tree = ec2Document(row, row.nics, await devicesOfServer(call, row.id))
  const found = ec2Answer(tree, path, row.keyName)
  return found === undefined ? undefined : text(found)
}

const userData = (row: Server): Answer | undefined =>
  row.userData === null
    ? undefined
    : {
        status: 200,
        headers: { 'content-type': 'application/octet-stream' },
        body: Buffer.from(row.userData, 'base64').toString('utf8'),
      }

async function openstackAnswer(
  call: Call,
  row: Server,
  [release, name, ...more]: string[],
): Promise<Answer | undefined> {
  if (release === undefined) return text(releases.join('\n'))
  if (release === 'content') {
    const file = row.files.find((_, index) => contentPath(index) === `/content/${name}`)
    return file && text(Buffer.from(file.contents, 'base64').toString('utf8'))
  }
  if (!(releases as readonly string[]).includes(release) || more.length > 0) return undefined
  if (name === undefined) return text(filesOf(row, release).join('\n'))
  if (!filesOf(row, release).includes(name)) return undefined
  if (name === 'user_data') return userData(row)
  if (name === 'password') return text(row.passwordData)
  if (name === 'network_data.json') return document(networkData(row.nics))
  if (name.startsWith('vendor_data')) return document({})
  const devices = await devicesOfServer(call, row.id)
  return document(metaData(row, release, { nics: row.nics, devices }))
}

const filesOf = (row: Server, release: string): string[] => [
  'meta_data.json',
  ...(row.userData === null ? [] : ['user_data']),
  ...(release >= '2013-04-04' ? ['password', 'vendor_data.json'] : []),
  ...(release >= '2015-10-15' ? ['network_data.json'] : []),
  ...(release >= '2016-10-06' ? ['vendor_data2.json'] : []),
]

/** A guest may hand over its password once, encrypted for the owner of the key pair. */
async function keepPassword(call: Call, row: Server, path: string[], password: string): Promise<Answer> {
  if (path[0] !== 'openstack' || path[2] !== 'password') return nothing
  if (row.passwordData !== '') return text('409 Conflict', 409)
  if (password.length > 1020) return text('400 Bad Request', 400)
  await call.transaction((tx) =>
    tx.rows(server, everyone('a guest writes its own password')).change(row.id, { passwordData: password }),
  )
  return text('')
}
