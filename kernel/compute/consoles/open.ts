// Handing out the address of a console: a page with a token that works for a short while.
import { createHash } from 'node:crypto'
import { Type } from 'typebox'
import type { Call } from '../../../eden/call.ts'
import { isoTime } from '../../../eden/clock.ts'
import { badRequest, notFound } from '../../../eden/errors.ts'
import { type Input, ok } from '../../../eden/http/request.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { type ComputeContext, type ComputeRoute, route as r } from '../context.ts'
import { checkState, getServer, hostOf } from '../servers/find.ts'
import { type ConsoleToken, consoleToken } from './token.ts'

type Kind = 'vnc' | 'serial'

export const digestOf = (token: string) => createHash('sha256').update(token).digest('hex')

export const legacyConsoleBody = (...types: string[]) =>
  Type.Object({ type: Type.Unsafe({ type: 'string', enum: types }) }, { additionalProperties: false })

async function openConsole({ config }: ComputeContext, call: Call, id: string, kind: Kind): Promise<string> {
  const row = await getServer(call, call, id, 'os_compute_api:os-remote-consoles')
  checkState(
    call,
    { ...row, isLocked: false, task: null },
    { action: `get_${kind}_console`, states: ['active', 'paused'] },
  )
  const token = call.ids.secret(32).toString('base64url')
  const now = call.clock.now()
  await call.transaction(async (tx) => {
    const rows = tx.rows(consoleToken, everyone('tokens are found by their digest'))
    for (const old of await rows.list({ where: { serverId: id } }))
      if (old.expiresAt < isoTime(now)) await rows.remove(old)
    await rows.insert({
      id: digestOf(token),
      serverId: id,
      kind,
      host: hostOf(row),
      expiresAt: isoTime(now + config.consoleTokenFor),
    })
  })
  return `${call.origin}/console/${kind}?token=${token}`
}

/** The token's row, while it works. */
export async function findToken(
  context: Pick<ComputeContext, 'ground'>,
  token: string,
): Promise<ConsoleToken | undefined> {
  const rows = context.ground.store.reads().rows(consoleToken, everyone('who holds the token may use it'))
  const row = await rows.find(digestOf(token))
  return row && row.expiresAt > isoTime(context.ground.clock.now()) ? row : undefined
}

export const legacyConsole =
  (kind: Kind, type: string) => async (context: ComputeContext, call: Call, id: string, given: { type: string }) => {
    if (given.type !== type) throw badRequest(`Unavailable console type ${given.type}.`)
    return ok({ console: { type, url: await openConsole(context, call, id, kind) } })
  }

const kinds: Record<string, { kind: Kind; type: string }> = {
  vnc: { kind: 'vnc', type: 'novnc' },
  serial: { kind: 'serial', type: 'serial' },
}

async function create(context: ComputeContext, call: Call, { params, body }: Input) {
  const { protocol, type } = (body as { remote_console: { protocol: string; type: string } }).remote_console
  const known = kinds[protocol]
  if (!known || known.type !== type) throw badRequest(`Unavailable console type ${type}.`)
  return ok({ remote_console: { protocol, type, url: await openConsole(context, call, params.id!, known.kind) } })
}

async function showToken(context: ComputeContext, _: Call, { params }: Input) {
  const row = await findToken(context, params.token!)
  if (!row) throw notFound('Token not found')
  return ok({ console: { instance_uuid: row.serverId, host: row.host, port: 0, internal_access_path: null } })
}

const consoleBody = Type.Object(
  {
    remote_console: Type.Object(
      {
        protocol: Type.Unsafe({ type: 'string', enum: ['vnc', 'spice', 'serial', 'rdp', 'mks'] }),
        type: Type.Unsafe({
          type: 'string',
          enum: ['novnc', 'xvpvnc', 'spice-html5', 'serial', 'rdp-html5', 'webmks'],
        }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

export const consoleRoutes: ComputeRoute[] = [
  r('POST', '/servers/:id/remote-consoles', create, { body: consoleBody, since: '2.6' }),
  r('GET', '/os-console-auth-tokens/:token', showToken, {
    rule: 'os_compute_api:os-console-auth-tokens',
    since: '2.10',
  }),
].flat()
