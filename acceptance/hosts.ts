// What stands on the hosts and in the image store, asked of their drivers.
import type { Assembly } from '../eden/assembly.ts'
import type { ImageContext } from '../kernel/image/context.ts'

export async function hostsOf(assembly: Assembly): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = {}
  for (const service of ['compute', 'network', 'volume'])
    for (const name of assembly.hosts.get(service)?.names() ?? [])
      result[`${service}/${name}`] = sorted(await assembly.hosts.get(service)!.get(name).ask('observe', {}))
  const image = assembly.contexts.get('image') as ImageContext | undefined
  if (image) result[`image/${image.store.name}`] = sorted(await image.store.list())
  return result
}

/** Order says nothing here. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sorted(inner)]))
  return value
}
