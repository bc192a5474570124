// All that code in the volume service may reach.
import type { Clock } from '../../eden/clock.ts'
import type { HostDirectory } from '../../eden/host/host.ts'
import type { Neighbour } from '../../eden/http/neighbour.ts'
import type { World } from '../../eden/service.ts'
import type { VolumeConfig } from './config.ts'

export interface VolumeContext {
  hosts: HostDirectory
  image: Neighbour
  /** Hears news only: it is above this service. */
  compute: Neighbour
  config: VolumeConfig
  clock: Clock
  trigger(reconciler: string): void
}

export function volumeContext(world: World): VolumeContext {
  world.hosts.onUp(() => void world.reconcilers.trigger('volume.observed'))
  return {
    hosts: world.hosts,
    image: world.neighbour('image'),
    compute: world.neighbour('compute'),
    config: world.config as VolumeConfig,
    clock: world.ground.clock,
    trigger: (name) => void world.reconcilers.trigger(name),
  }
}
