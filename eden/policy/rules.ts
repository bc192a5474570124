// The table in which a service declares its policy rules: each with its default, a sentence, its routes and scopes.

import type { Scope } from './credentials.ts'

export type PolicyRule = {
  /** The default, in oslo.policy's language. */
  readonly check: string
  /** One sentence for operators: what holding this rule allows. */
  readonly says: string
  /** `POST /servers`: which requests ask for it. */
  readonly routes?: readonly string[]
  /** Token scopes that may use it at all; without it every scope may. Unscoped credentials are left to the check. */
  readonly scope?: readonly Scope[]
  /** The name of an older release; an override under it counts when there is none under the new name. */
  readonly deprecatedName?: string
}

export type PolicyTable<Name extends string = string> = {
  readonly service: string
  readonly rules: Readonly<Record<Name, PolicyRule>>
}

/** The names that a table declares, for handlers that name their rule: `RuleName<typeof computePolicy>`. */
export type RuleName<Table> = Table extends PolicyTable<infer Name> ? Name : never

/** Declares the rules of one service. A base rule (see `baseRules`) declared here counts for this service only. */
export function policyRules<const Name extends string>(
  service: string,
  rules: Record<Name, PolicyRule>,
): PolicyTable<Name> {
  return { service, rules }
}

/** Rules that every service can refer to, under the names that OpenStack's own rule files use. */
export const baseRules: Readonly<Record<string, PolicyRule>> = {
  admin_required: { check: 'role:admin or is_admin:1', says: 'Is an administrator of the cloud.' },
  context_is_admin: { check: 'rule:admin_required', says: 'Counts as administrator throughout a request.' },
  admin_api: { check: 'rule:context_is_admin', says: 'May use what is for administrators.' },
  admin_only: { check: 'rule:context_is_admin', says: 'May use what is for administrators.' },
  owner: { check: 'project_id:%(project_id)s', says: 'Acts in the project that owns the resource.' },
  admin_or_owner: {
    check: 'rule:context_is_admin or rule:owner',
    says: 'Is an administrator, or acts in the owning project.',
  },
  regular_user: { check: '', says: 'Anybody.' },
  project_reader_api: { check: 'role:reader and project_id:%(project_id)s', says: 'Reads in the owning project.' },
  project_member_api: { check: 'role:member and project_id:%(project_id)s', says: 'Works in the owning project.' },
  project_manager_api: { check: 'role:manager and project_id:%(project_id)s', says: 'Manages the owning project.' },
  project_admin_api: {
    check: 'role:admin and project_id:%(project_id)s',
    says: 'Administers from within the owning project.',
  },
  project_reader: { check: 'rule:project_reader_api', says: 'Reads in the owning project.' },
  project_member: { check: 'rule:project_member_api', says: 'Works in the owning project.' },
  project_manager: { check: 'rule:project_manager_api', says: 'Manages the owning project.' },
  project_reader_or_admin: {
    check: 'rule:project_reader_api or rule:context_is_admin',
    says: 'Reads in the owning project, or is an administrator.',
  },
  project_member_or_admin: {
    check: 'rule:project_member_api or rule:context_is_admin',
    says: 'Works in the owning project, or is an administrator.',
  },
  project_manager_or_admin: {
    check: 'rule:project_manager_api or rule:context_is_admin',
    says: 'Manages the owning project, or is an administrator.',
  },
  system_admin_api: {
    check: 'role:admin and system_scope:all',
    says: 'Administers with a token for the whole system.',
  },
  system_reader_api: { check: 'role:reader and system_scope:all', says: 'Reads with a token for the whole system.' },
  system_or_project_reader: {
    check: 'rule:system_reader_api or rule:project_reader_api',
    says: 'Reads in the owning project or in the whole system.',
  },
  domain_admin_api: { check: 'role:admin and domain_id:%(domain_id)s', says: 'Administers the owning domain.' },
  service_role: { check: 'role:service', says: 'Is another service of the cloud.' },
  service_api: { check: 'rule:service_role', says: 'May use what services use between themselves.' },
  service_or_admin: {
    check: 'rule:service_role or rule:admin_required',
    says: 'Is another service or an administrator.',
  },
  admin_or_service_api: {
    check: 'rule:admin_only or rule:service_api',
    says: 'Is an administrator or another service.',
  },
}
