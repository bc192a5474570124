// Roles that include other roles; identity expands them into tokens, and explanations try them out.

/** For each role, the roles it directly includes. */
export type ImpliedRoles = Readonly<Record<string, readonly string[]>>

/** The roles every cloud starts with: admin includes manager, manager member, member reader. */
export const defaultImpliedRoles: ImpliedRoles = { admin: ['manager'], manager: ['member'], member: ['reader'] }

/** The roles a new cloud knows, least powerful first. */
export const defaultRoles: readonly string[] = ['reader', 'member', 'manager', 'admin', 'service']

/** All roles that `roles` amount to, lower-case, without repetition, given ones first. Circles in `implied` are harmless. */
export function expandRoles(roles: readonly string[], implied: ImpliedRoles = defaultImpliedRoles): string[] {
  const all = new Set(roles.map((role) => role.toLowerCase()))
  for (const role of all) for (const included of implied[role] ?? []) all.add(included.toLowerCase())
  return [...all]
}
