// Which operation answers which request about assignments: every actor at every place, direct and inherited.
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import { checkGrant, giveRole, listGrants, type Place, takeRole } from './grants.ts'
import { listAssignments } from './list.ts'

const r = routes<IdentityContext>()

const places: [path: string, Place][] = (['user', 'group'] as const).flatMap((actor): [string, Place][] => [
  [`/v3/projects/:project_id/${actor}s/:${actor}_id/roles`, { actor, target: 'project', inherited: false }],
  [`/v3/domains/:domain_id/${actor}s/:${actor}_id/roles`, { actor, target: 'domain', inherited: false }],
  [`/v3/system/${actor}s/:${actor}_id/roles`, { actor, target: 'system', inherited: false }],
  [`/v3/OS-INHERIT/projects/:project_id/${actor}s/:${actor}_id/roles`, { actor, target: 'project', inherited: true }],
  [`/v3/OS-INHERIT/domains/:domain_id/${actor}s/:${actor}_id/roles`, { actor, target: 'domain', inherited: true }],
])

export const assignmentRoutes = [
  r('GET', '/v3/role_assignments', listAssignments),
  ...places.flatMap(([path, place]) => {
    const end = place.inherited ? '/inherited_to_projects' : ''
    return [
      r('GET', `${path}${end}`, listGrants(place)),
      r('GET', `${path}/:role_id${end}`, checkGrant(place)),
      r('PUT', `${path}/:role_id${end}`, giveRole(place)),
      r('DELETE', `${path}/:role_id${end}`, takeRole(place)),
    ]
  }),
]
