// Refusals under the exception names that Neutron's clients look for, and the error shape in which they travel.
import { Problem } from '../../eden/errors.ts'
import type { ErrorDialect } from '../../eden/service.ts'

/** A refusal whose kind is Neutron's name for it: `IpAddressInUse`. */
export const refusal = (status: number, type: string, message: string, reason?: Record<string, unknown>) =>
  new Problem(status, type, message, reason ? { reason } : {})

export const invalidInput = (message: string) =>
  refusal(400, 'InvalidInput', `Invalid input for operation: ${message}.`)

/** What Neutron calls the absence of each resource, and how it words it. */
const absent: Record<string, [type: string, sentence: (id: string) => string]> = {
  network: ['NetworkNotFound', (id) => `Network ${id} could not be found.`],
  subnet: ['SubnetNotFound', (id) => `Subnet ${id} could not be found.`],
  port: ['PortNotFound', (id) => `Port ${id} could not be found.`],
  router: ['RouterNotFound', (id) => `Router ${id} could not be found`],
  floatingip: ['FloatingIPNotFound', (id) => `Floating IP ${id} could not be found`],
  'security-group': ['SecurityGroupNotFound', (id) => `Security group ${id} does not exist`],
  'security-group-rule': ['SecurityGroupRuleNotFound', (id) => `Security group rule ${id} does not exist`],
  subnetpool: ['SubnetPoolNotFound', (id) => `Subnet pool ${id} could not be found.`],
  'rbac-policy': ['RbacPolicyNotFound', (id) => `RBAC policy ${id} could not be found.`],
}

const kinds: Record<string, string> = {
  badRequest: 'HTTPBadRequest',
  unauthorized: 'HTTPUnauthorized',
  forbidden: 'PolicyNotAuthorized',
  notFound: 'HTTPNotFound',
  methodNotAllowed: 'HTTPMethodNotAllowed',
  conflict: 'HTTPConflict',
  tooLarge: 'HTTPRequestEntityTooLarge',
  unsupportedMedia: 'HTTPUnsupportedMediaType',
  unavailable: 'HTTPServiceUnavailable',
  timedOut: 'HTTPGatewayTimeout',
  fault: 'HTTPInternalServerError',
}

/** `{"NeutronError": {"type": "NetworkNotFound", "message": "…", "detail": ""}}`. Source: the Networking API reference. */
export const neutronDialect: ErrorDialect = (problem) => {
  const { resource, id } = (problem.reason ?? {}) as { resource?: string; id?: string }
  const known = problem.kind === 'notFound' && resource && id !== undefined ? absent[resource] : undefined
  const shown = known
    ? { type: known[0], message: known[1](id!) }
    : { type: kinds[problem.kind] ?? problem.kind, message: problem.message }
  return { body: { NeutronError: { ...shown, detail: '' } } }
}

/** Neutron answers 409 where other services answer 403. */
export const overQuotaAsConflict = (error: unknown): never => {
  if (error instanceof Problem && error.kind === 'overQuota') {
    const { quota } = (error.reason ?? {}) as { quota?: { resource: string } }
    throw refusal(409, 'OverQuota', `Quota exceeded for resources: ['${quota?.resource ?? ''}'].`, error.reason)
  }
  throw error
}
