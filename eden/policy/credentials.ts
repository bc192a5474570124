// Who is asking, as rules see it: our names inside, oslo.policy's snake_case names in rule files, and the table between.

/** What a token says about its holder. Roles are lower-case and already expanded (admin includes reader and so on). */
export type Credentials = {
  /** Absent only for anonymous callers. */
  readonly userId?: string
  readonly projectId?: string
  /** Set only when the token is scoped to a domain; the domains of user and project have their own fields. */
  readonly domainId?: string
  /** `all` when the token is scoped to the whole system. */
  readonly systemScope?: string
  readonly roles: readonly string[]
  readonly userDomainId?: string
  readonly projectDomainId?: string
  /** True for the cloud's own elevated calls. */
  readonly isAdmin?: boolean
  /** Roles of the service that passes the user's call on. */
  readonly serviceRoles?: readonly string[]
  /** The only requests that are open to the holder; all are where it is absent. */
  readonly accessRules?: readonly AccessRule[]
}

/** Requests to a service (by its type in the catalog) with this method and path; the path may hold `*`, `**` and `{name}`. */
export type AccessRule = { readonly service: string; readonly path: string; readonly method: string }

export type Scope = 'project' | 'domain' | 'system'

/** A single fact of the credentials; undefined never matches anything. */
export type CredentialReader = (credentials: Credentials) => string | undefined

const userId: CredentialReader = (c) => c.userId
const projectId: CredentialReader = (c) => c.projectId
const domainId: CredentialReader = (c) => c.domainId
const userDomainId: CredentialReader = (c) => c.userDomainId
const projectDomainId: CredentialReader = (c) => c.projectDomainId

/** Facts with one value, by their name in the rule language; older releases' names are kept because files in use have them. */
export const credentialReaders: ReadonlyMap<string, CredentialReader> = new Map([
  ['user_id', userId],
  ['user', userId],
  ['token.user_id', userId],
  ['project_id', projectId],
  ['tenant_id', projectId],
  ['tenant', projectId],
  ['token.project.id', projectId],
  ['domain_id', domainId],
  ['token.domain.id', domainId],
  ['system_scope', (c) => c.systemScope],
  ['user_domain_id', userDomainId],
  ['token.user.domain.id', userDomainId],
  ['project_domain_id', projectDomainId],
  ['token.project.domain.id', projectDomainId],
  ['is_admin', (c) => (c.isAdmin === true ? 'True' : 'False')],
  // There is no designated admin project; OpenStack then reports every project as one, and so do we.
  ['is_admin_project', () => 'True'],
])

/** Facts that are lists: a check passes when one element matches. */
export const credentialLists: ReadonlyMap<string, (credentials: Credentials) => readonly string[] | undefined> =
  new Map([
    ['roles', (c) => c.roles],
    ['service_roles', (c) => c.serviceRoles],
  ])

/** Every name that may stand before the colon, besides `role`, `rule`, `field` and literals. */
export const credentialNames: readonly string[] = [...credentialReaders.keys(), ...credentialLists.keys()]

/** What the token is scoped to; undefined for unscoped and anonymous callers. */
export function scopeOf(credentials: Credentials): Scope | undefined {
  if (credentials.systemScope !== undefined) return 'system'
  if (credentials.domainId !== undefined) return 'domain'
  return credentials.projectId !== undefined ? 'project' : undefined
}
