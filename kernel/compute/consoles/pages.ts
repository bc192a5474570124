// The pages that show a console in a browser, and the files they are made of.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { type Input, reply } from '../../../eden/http/request.ts'
import { projectRoot } from '../../../eden/root.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { type ComputeContext, type ComputeRoute, plainRoute } from '../context.ts'
import { server } from '../servers/server.ts'
import { findToken } from './open.ts'
import { serialPage } from './serial-page.ts'
import { escaped, expiredPage } from './shell.ts'
import { vncPage } from './vnc-page.ts'

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'self'",
}

const page =
  (kind: 'vnc' | 'serial') =>
  async (context: ComputeContext, call: Call, { query }: Input) => {
    const token = await findToken(context, query.token ?? '')
    if (token?.kind !== kind) return reply(404, expiredPage(kind), headers)
    const row = await call.rows(server, everyone('who holds the token may use it')).get(token.serverId)
    return reply(200, kind === 'vnc' ? vncPage(escaped(row.name)) : serialPage(escaped(row.name)), headers)
  }

const root = join(projectRoot, 'node_modules/@novnc/novnc')
const types: Record<string, string> = { '.js': 'text/javascript', '.json': 'application/json' }

/** A file below noVNC's own folders, and nothing else. */
async function novncFile(_: ComputeContext, __: Call, { params }: Input) {
  const path = normalize(join(root, params['*'] ?? ''))
  const type = types[extname(path)]
  const isOurs = path.startsWith(join(root, 'core') + sep) || path.startsWith(join(root, 'vendor') + sep)
  if (!isOurs || !type || params['*']!.includes('\0')) throw notFound('There is no such file.')
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw notFound('There is no such file.')
  return reply(200, createReadStream(path), { 'content-type': type, 'cache-control': 'public, max-age=86400' })
}

const open = { token: 'none' } as const

export const consolePageRoutes: ComputeRoute[] = [
  plainRoute('GET', '/console/vnc', page('vnc'), open),
  plainRoute('GET', '/console/serial', page('serial'), open),
  plainRoute('GET', '/console/novnc/*', novncFile, open),
]
