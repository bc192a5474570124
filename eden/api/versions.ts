// What answers at the root.
import { ok } from '../http/request.ts'
import type { ServiceOperation } from '../service.ts'
import type { EdenContext } from './context.ts'

export const showVersions: ServiceOperation<EdenContext> = async (_, call) =>
  ok({ versions: [{ id: '1', status: 'CURRENT', links: [{ rel: 'self', href: `${call.origin}/eden/1` }] }] })
