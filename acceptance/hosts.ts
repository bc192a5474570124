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

/** Asking changes nothing; and what reconcilers repeat at any time changes nothing by itself. */
const harmless = new Set(['inventory', 'observe', 'vifs', 'describe', 'capacity', 'consoleLog', 'apply', 'keepImages'])

/** Notes what hosts are asked to change while it watches, such as a reboot, which leaves no trace to compare. */
export function watchHosts(assembly: Assembly): { during<T>(work: () => Promise<T>): Promise<[T, string[]]> } {
  let asked: string[] | undefined
  for (const [service, hosts] of assembly.hosts)
    for (const name of hosts.names()) {
      const host = hosts.get(name)
      const note = (operation: string) => {
        if (!harmless.has(operation)) asked?.push(`${service}/${name} ${operation}`)
      }
      hosts.add({
        name,
        get isUp() {
          return host.isUp
        },
        ask(operation, ...more) {
          note(operation)
          return host.ask(operation, ...more)
        },
        stream(operation, input) {
          note(operation)
          return host.stream(operation, input)
        },
        connect(operation, input) {
          note(operation)
          return host.connect(operation, input)
        },
      })
    }
  return {
    async during(work) {
      asked = []
      try {
        return [await work(), asked]
      } finally {
        asked = undefined
      }
    },
  }
}
