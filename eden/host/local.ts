// A host role in the controller's own process.
import { unavailable } from '../errors.ts'
import type { Hosts } from './directory.ts'
import type { Host, HostRole } from './host.ts'

/** Values are copied as the network would copy them, so that both ways behave alike. */
const copied = (value: unknown) => (value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown))

export function localHost(name: string, role: HostRole): Host {
  const named = <T>(table: Record<string, T> | undefined, operation: string): T => {
    const found = table?.[operation]
    if (!found)
      throw unavailable(
        `The host '${name}' does not know '${role.service}.${operation}'; it may run an older Cloud OS.`,
      )
    return found
  }
  return {
    name,
    isUp: true,
    async ask<T>(operation: string, input: unknown, options: { signal?: AbortSignal } = {}): Promise<T> {
      const run = named(role.operations, operation)
      return copied(await run(copied(input) as never, options.signal ?? new AbortController().signal)) as T
    },
    stream: async (operation, input) => named(role.streams, operation)(copied(input) as never),
    connect: async (operation, input) => named(role.connections, operation)(copied(input) as never),
  }
}

/** Starts the role and puts its host into the directory. */
export async function startLocalHost(name: string, role: HostRole, hosts: Hosts): Promise<() => Promise<void>> {
  await role.start((event, payload) => hosts.hear(name, event, copied(payload)).then(copied) as never)
  hosts.add(localHost(name, role))
  hosts.up(name)
  return () => role.stop()
}
