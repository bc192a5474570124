// What Eden's own operations may reach.
import type { Assembly } from '../assembly.ts'
import type { Call } from '../call.ts'
import { forbidden } from '../errors.ts'
import type { EdenSettings } from './config.ts'

export interface EdenContext {
  assembly: Assembly
  settings: EdenSettings
}

/** The project in the address must be the caller's own, except for those who see everything. */
export function requireTenant(call: Call, tenant: string): void {
  if (call.sees !== 'all' && tenant !== call.projectId)
    throw forbidden('The project in the address is not the one that the token is scoped to.')
}
