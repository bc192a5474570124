// Runs beside the bridges and owns the driver: makes the host be as the controller says, passes guests' questions on.
import type { HostRole } from '../../../eden/host/host.ts'
import type { HostNetworks, NetworkDriver } from '../driver.ts'
import type { HostFacts } from '../plane/host-book.ts'
import type { MetadataAnswer } from '../plane/metadata.ts'

export interface NetworkHostOptions {
  driver: NetworkDriver
  /** This host's address for tunnels; absent where there is only one host. */
  tunnelAddress?: string
}

interface ApplyInput {
  /** Number of the newest change that is in `wanted`. */
  version: number
  /** Sent by the reconciler: counts also where it seems to be older. */
  isComplete: boolean
  wanted: HostNetworks
}

export function networkHostRole({ driver, tunnelAddress }: NetworkHostOptions): HostRole {
  let lastVersion = 0
  return {
    service: 'network',
    operations: {
      /** Two controllers may send at the same time; the older wish does not undo the newer. */
      apply: async ({ version, isComplete, wanted }: ApplyInput) => {
        if (version < lastVersion && !isComplete) return { isStale: true }
        lastVersion = version
        await driver.apply(wanted)
        return { isStale: false }
      },
      vifs: async ({ portIds }: { portIds: string[] }) => Object.fromEntries(portIds.map((id) => [id, driver.vif(id)])),
      observe: () => driver.observe(),
      describe: async (): Promise<HostFacts> => ({
        driver: driver.name,
        tunnelAddress: tunnelAddress ?? null,
        ...driver.capabilities(),
      }),
    },
    start: (tell) =>
      driver.open(async (request) => {
        const { status, headers, body, encoding } = await tell<MetadataAnswer>('metadata', request)
        return { status, headers, body: encoding === 'base64' ? Buffer.from(body, 'base64') : body }
      }),
    stop: () => driver.close(),
  }
}
