// What the hosts say of their pools, as placement and administrators see it.

import { everyone } from '../../../eden/store/rows.ts'
import type { Readable } from '../../../eden/store/store.ts'
import type { VolumeContext } from '../context.ts'
import { askHost } from '../host/ask.ts'
import { hostState } from '../operations/host-state.ts'
import { volume } from '../volumes/volume.ts'
import type { Pool } from './choose.ts'

const answerWithinMs = 5000

export const vendorName = 'Open Source'

export async function poolsOf(context: VolumeContext, reads: Readable): Promise<(Pool & { backend: string })[]> {
  const states = await reads.rows(hostState).list()
  const volumes = reads.rows(volume, everyone('pools are shared by all projects'))
  return Promise.all(
    context.hosts.names().map(async (host) => {
      const state = states.find(({ id }) => id === host)
      const seen = context.hosts.get(host).isUp ? await ask(context, host) : undefined
      const promisedGiB = await volumes.sum('sizeGiB', { host })
      return {
        host,
        backend: seen ? seen.backend : '',
        isUp: Boolean(seen),
        isEnabled: !(state?.disabled ?? false),
        zone: context.config.availabilityZone,
        totalGiB: seen ? seen.totalGiB : 0,
        freeGiB: seen ? seen.freeGiB : 0,
        thinProvisioning: seen ? seen.thinProvisioning : false,
        promisedGiB,
        capabilities: {
          volume_backend_name: seen ? seen.backend : '',
          vendor_name: vendorName,
          storage_protocol: context.config.storageProtocol,
          driver_version: '1.0',
          multiattach: 'True',
          thin_provisioning_support: seen?.thinProvisioning ? 'True' : 'False',
        },
      }
    }),
  )
}

/** A host that cannot say what it has gets no volumes; the others go on. */
const ask = (context: VolumeContext, host: string) =>
  askHost(context, host, 'capacity', {}, { withinMs: answerWithinMs }).catch(() => undefined)
