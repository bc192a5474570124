// What the caller may have a token for, and the catalog of the token they have.
import type { Call } from '../../../eden/call.ts'
import { forbidden } from '../../../eden/errors.ts'
import { type Input, ok, type Reply } from '../../../eden/http/request.ts'
import { rolesAt } from '../assignments/effective.ts'
import { active, domainsOf, projectsOf } from '../assignments/places.ts'
import { catalogFor } from '../catalog/view.ts'
import type { IdentityContext } from '../context.ts'
import { collection, linkTo } from '../extras/shown.ts'
import { domainView, projectView } from '../projects/view.ts'

export async function authProjects({ ground }: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const reads = ground.store.reads()
  const found = await active(reads, await projectsOf(reads, call.userId))
  return ok(
    collection(
      call,
      input,
      'auth/projects',
      'projects',
      found.map((one) => projectView(call, one)),
    ),
  )
}

export async function authDomains({ ground }: IdentityContext, call: Call, input: Input): Promise<Reply> {
  const reads = ground.store.reads()
  const found = await active(reads, await domainsOf(reads, call.userId))
  return ok(
    collection(
      call,
      input,
      'auth/domains',
      'domains',
      found.map((one) => domainView(call, one)),
    ),
  )
}

export async function authSystem({ ground, tokens }: IdentityContext, call: Call): Promise<Reply> {
  const roles = await rolesAt(ground.store.reads(), await tokens.graph(), call.userId, { type: 'system' })
  return ok({ system: roles.length > 0 ? [{ all: true }] : [], links: { self: linkTo(call, 'auth/system') } })
}

export async function authCatalog(context: IdentityContext, call: Call): Promise<Reply> {
  const { projectId, domainId, systemScope } = call.credentials
  if (!projectId && !domainId && !systemScope) throw forbidden('This needs a token that is scoped.')
  return ok({
    catalog: await catalogFor(context, { userId: call.userId, projectId }),
    links: { self: linkTo(call, 'auth/catalog') },
  })
}
