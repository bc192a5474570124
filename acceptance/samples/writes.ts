// Every kind of write that the cloud's services have: each route once however many addresses it has, each action of
// routes that have several.
import type { Assembly } from '../../eden/assembly.ts'
import { versionNumber } from '../../eden/http/versions.ts'
import type { AnyService } from '../../eden/service.ts'

type Route = AnyService['routes'][number]

const writes = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** The same operation with and without the project in its address, and under older names of the version, is one. */
const bare = (path: string) => path.replace(/^\/v[\d.]+(\/:project_id)?(?=\/)/, '')

const nameOf = ({ name }: AnyService, { method, path, until }: Route, action?: string) =>
  `${method} ${name}${bare(path)}${until ? ` until ${until}` : ''}${action === undefined ? '' : ` ${action}`}`

const writesOf = ({ routes }: AnyService) => routes.filter(({ method, readOnly }) => writes.has(method) && !readOnly)

export function allWrites({ services }: Pick<Assembly, 'services'>): Set<string> {
  return new Set(
    services.flatMap((service) =>
      writesOf(service).flatMap((route) =>
        (route.actions ?? [undefined]).map((action) => nameOf(service, route, action)),
      ),
    ),
  )
}

/** Which of them this request is. @throws where it is none. */
export function writeOf(
  service: AnyService,
  request: { method: string; path: string; version: string | undefined; body: unknown },
): string {
  const parts = request.path.split('?')[0]!.split('/')
  const version = request.version === undefined ? 0 : versionNumber(request.version)
  const literals = (route: Route) => route.path.split('/').filter((part) => !part.startsWith(':')).length
  const [route] = writesOf(service)
    .filter(({ method, path, since, until }) => {
      const pattern = path.split('/')
      return (
        method === request.method &&
        pattern.length === parts.length &&
        pattern.every((part, index) => part.startsWith(':') || part === parts[index]) &&
        (since === undefined || version >= versionNumber(since)) &&
        (until === undefined || version <= versionNumber(until))
      )
    })
    .sort((a, b) => literals(b) - literals(a))
  if (!route) throw new Error(`no route of ${service.name} answers ${request.method} ${request.path}`)
  return nameOf(service, route, route.actions && Object.keys(request.body as object)[0])
}
