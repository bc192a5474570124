// All that code in the image service may reach.
import { hostname } from 'node:os'
import type { Clock } from '../../eden/clock.ts'
import type { World } from '../../eden/service.ts'
import type { ImageConfig } from './config.ts'
import type { ImageStore } from './driver.ts'

export interface ImageContext {
  store: ImageStore
  config: ImageConfig
  clock: Clock
  /** Keys of objects that this process is receiving now. */
  receiving: Set<string>
  /** Names this process among those that receive uploads. */
  receiver: string
  trigger(reconciler: string): void
}

export const imageContext = (world: World): ImageContext => ({
  store: world.gift('image.store') as ImageStore,
  config: world.config as ImageConfig,
  clock: world.ground.clock,
  receiving: new Set(),
  receiver: `${hostname()}/${process.pid}/${world.ground.ids.uuid()}`,
  trigger: (name) => void world.reconcilers.trigger(name),
})
