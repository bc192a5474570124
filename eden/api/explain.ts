// Why a rule allows or refuses something to the caller, and what would help.
import { badRequest } from '../errors.ts'
import { ok } from '../http/request.ts'
import type { ServiceOperation } from '../service.ts'
import type { EdenContext } from './context.ts'

export const explain: ServiceOperation<EdenContext> = async (_, call, { body }) => {
  const { rule, target } = body as { rule: string; target?: Record<string, unknown> }
  const asked = { ...call.ownTarget(), ...target }
  try {
    return ok({ explanation: call.ground.enforcer.explain(rule, call.credentials, asked) })
  } catch (cause) {
    throw badRequest(`No service has a rule '${rule}'.`, { cause })
  }
}
