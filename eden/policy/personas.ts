// The cast of every authorization sweep: each kind of caller that a cloud knows, as credentials.

import type { Credentials } from './credentials.ts'
import { expandRoles } from './roles.ts'

/** Ids that the personas are made of; the defaults are fixed so that tables of expectations can be written down. */
export type PersonaPlace = {
  readonly projectId: string
  readonly otherProjectId: string
  readonly domainId: string
}

export type Persona = { readonly name: PersonaName; readonly says: string; readonly credentials: Credentials }

export const personaPlace: PersonaPlace = {
  projectId: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  otherProjectId: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
  domainId: 'default',
}

export const personaNames = [
  'cloud-admin-system',
  'cloud-admin',
  'domain-admin',
  'project-admin',
  'project-manager',
  'project-member',
  'project-reader',
  'other-project-member',
  'service',
  'unscoped',
  'anonymous',
] as const
export type PersonaName = (typeof personaNames)[number]

/** The project in which cloud administrators and services have their roles; owns nothing that is under test. */
const adminProjectId = 'cccccccccccccccccccccccccccccccc'

/** All personas, in the order of `personaNames`. */
export function personas(place: PersonaPlace = personaPlace): Persona[] {
  const { projectId, otherProjectId, domainId } = place
  const inProject = (userId: string, role: string, id = projectId): Credentials => ({
    userId,
    userDomainId: domainId,
    projectId: id,
    projectDomainId: domainId,
    roles: expandRoles([role]),
  })
  const person = { userDomainId: domainId }
  const cast: Record<PersonaName, [says: string, credentials: Credentials]> = {
    'cloud-admin-system': [
      'administrator with a token for the whole system',
      { ...person, userId: 'user-admin', systemScope: 'all', roles: expandRoles(['admin']) },
    ],
    'cloud-admin': ["administrator in the administrators' project", inProject('user-admin', 'admin', adminProjectId)],
    'domain-admin': [
      'administrator of the domain that the project is in',
      { ...person, userId: 'user-domain-admin', domainId, roles: expandRoles(['admin']) },
    ],
    'project-admin': ['holds admin in the project', inProject('user-project-admin', 'admin')],
    'project-manager': ['holds manager in the project', inProject('user-manager', 'manager')],
    'project-member': ['holds member in the project', inProject('user-member', 'member')],
    'project-reader': ['holds reader in the project', inProject('user-reader', 'reader')],
    'other-project-member': [
      'holds member, but in another project',
      inProject('user-stranger', 'member', otherProjectId),
    ],
    service: ['another service of the cloud', inProject('user-service', 'service', adminProjectId)],
    unscoped: ['logged in, with no role anywhere', { ...person, userId: 'user-nobody', roles: [] }],
    anonymous: ['no token at all', { roles: [] }],
  }
  return personaNames.map((name) => ({ name, says: cast[name][0], credentials: cast[name][1] }))
}

/** One persona's credentials. */
export function persona(name: PersonaName, place: PersonaPlace = personaPlace): Credentials {
  return personas(place).find((each) => each.name === name)!.credentials
}
