// Refusals that several resources share.
import type { Call } from '../../../eden/call.ts'
import { badRequest, forbidden } from '../../../eden/errors.ts'

/** @throws 400 where the request would change what is fixed. */
export function mustStay(body: Record<string, unknown>, fixed: Record<string, unknown>) {
  for (const [name, value] of Object.entries(fixed))
    if (body[name] !== undefined && body[name] !== value) throw badRequest(`${name} cannot be changed.`)
}

/** @throws 403 where the object is marked immutable, unless the request does nothing but lift that. */
export function mustBeMutable(what: string, options: Record<string, unknown>, change?: Record<string, unknown>): void {
  if (options.immutable !== true) return
  const lifting = change?.options as Record<string, unknown> | undefined
  const isLifting = lifting && 'immutable' in lifting && lifting.immutable !== true && Object.keys(change!).length === 1
  if (!isLifting) throw forbidden(`This ${what} is immutable: lift its option 'immutable' first.`)
}

/** The domain of what a request makes without naming one: the caller's. */
export const homeDomain = ({ credentials }: Call): string =>
  credentials.domainId ?? credentials.projectDomainId ?? 'default'

/** In tokens for a domain, lists show that domain alone. */
export const ownDomainOnly = ({ credentials }: Call): { domainId?: string } =>
  credentials.domainId ? { domainId: credentials.domainId } : {}
