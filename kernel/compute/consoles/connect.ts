// The WebSocket behind a console page: who holds the token is joined with the guest.
import type { Duplex } from 'node:stream'
import { forbidden, notFound } from '../../../eden/errors.ts'
import type { RawRequest } from '../../../eden/http/request.ts'
import type { ComputeContext } from '../context.ts'
import { findToken } from './open.ts'

/** @throws 404 for other addresses, 403 without a token that works. */
export async function connectConsole(context: ComputeContext, { url }: RawRequest): Promise<Duplex> {
  const { pathname, searchParams } = new URL(url, 'http://console')
  const kind = /^\/console\/(vnc|serial)\/ws$/.exec(pathname)?.[1]
  if (!kind) throw notFound('There is no console at this address.')
  const token = await findToken(context, searchParams.get('token') ?? '')
  if (token?.kind !== kind) throw forbidden('This console address has expired or never was; ask for a new one.')
  return context.hosts.get(token.host).connect('console', { id: token.serverId, kind })
}
