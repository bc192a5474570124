// Which operation answers which request about users and groups.
import { bodyOf, wrapped } from '../../../eden/resource/input.ts'
import { routes } from '../../../eden/service.ts'
import type { IdentityContext } from '../context.ts'
import { changePassword, changePasswordBody } from '../passwords/self-service.ts'
import { group } from './group.ts'
import { createGroup, listGroups, removeGroup, showGroup, updateGroup } from './groups.ts'
import { addMember, checkMember, groupsOfUser, projectsOfUser, removeMember, usersInGroup } from './memberships.ts'
import { createUser, createUserBody, listUsers, removeUser, showUser, updateUser, updateUserBody } from './users.ts'

const r = routes<IdentityContext>()
const newGroup = wrapped('group', bodyOf(group, { for: 'create', required: ['name'], open: true }))
const groupChange = wrapped('group', bodyOf(group, { for: 'update', open: true }))

export const peopleRoutes = [
  r('GET', '/v3/users', listUsers),
  r('POST', '/v3/users', createUser, { body: createUserBody }),
  r('GET', '/v3/users/:user_id', showUser),
  r('PATCH', '/v3/users/:user_id', updateUser, { body: updateUserBody }),
  r('DELETE', '/v3/users/:user_id', removeUser),
  r('POST', '/v3/users/:user_id/password', changePassword, { token: 'none', body: changePasswordBody }),
  r('GET', '/v3/users/:user_id/groups', groupsOfUser),
  r('GET', '/v3/users/:user_id/projects', projectsOfUser),
  r('GET', '/v3/groups', listGroups),
  r('POST', '/v3/groups', createGroup, { body: newGroup }),
  r('GET', '/v3/groups/:group_id', showGroup),
  r('PATCH', '/v3/groups/:group_id', updateGroup, { body: groupChange }),
  r('DELETE', '/v3/groups/:group_id', removeGroup),
  r('GET', '/v3/groups/:group_id/users', usersInGroup),
  r('PUT', '/v3/groups/:group_id/users/:user_id', addMember),
  r('GET', '/v3/groups/:group_id/users/:user_id', checkMember),
  r('DELETE', '/v3/groups/:group_id/users/:user_id', removeMember),
]
