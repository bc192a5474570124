// JSON home: the addresses of all that is here, for programs. Made from the routes, so it lists what exists and no more.
// Source: draft-nottingham-json-home-03.
import type { Call } from '../../../eden/call.ts'
import { allRoutes } from '../routes.ts'

const relation = (name: string) => `https://docs.openstack.org/api/openstack-identity/3/rel/${name}`
const parameter = (name: string) => `https://docs.openstack.org/api/openstack-identity/3/param/${name}`

/** `/v3/projects/:project_id/tags` is the relation `project_tags`. */
function nameOf(path: string): string {
  const parts = path.split('/').slice(2)
  return parts
    .map((part, index) => {
      if (part.startsWith(':')) return undefined
      const isOfOne = parts[index + 1]?.startsWith(':')
      return isOfOne ? singular(part) : part
    })
    .filter((part) => part !== undefined)
    .join('_')
}

const singular = (word: string) => word.replace(/ies$/, 'y').replace(/s$/, '')

export function jsonHome(_: Call): { resources: Record<string, unknown> } {
  const resources: Record<string, unknown> = {}
  for (const { path } of allRoutes()) {
    if (!path.startsWith('/v3/')) continue
    const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!)
    resources[relation(nameOf(path))] =
      names.length === 0
        ? { href: path }
        : {
            'href-template': path.replace(/:(\w+)/g, '{$1}'),
            'href-vars': Object.fromEntries(names.map((name) => [name, parameter(name)])),
          }
  }
  return { resources }
}
