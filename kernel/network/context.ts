// All that code in here may reach: settings, hosts, neighbours, and the picture of what every host must be.
import { cloudCall } from '../../eden/call.ts'
import type { HostDirectory } from '../../eden/host/host.ts'
import type { Neighbour } from '../../eden/http/neighbour.ts'
import type { World } from '../../eden/service.ts'
import type { NetworkConfig } from './config.ts'
import { Applier } from './plane/applier.ts'
import { HostBook } from './plane/host-book.ts'
import { answerMetadata } from './plane/metadata.ts'
import { Picture } from './plane/picture.ts'

export interface NetworkContext {
  config: NetworkConfig
  hosts: HostDirectory
  hostBook: HostBook
  picture: Picture
  applier: Applier
  compute: Neighbour
}

export function networkContext(world: World): NetworkContext {
  const { ground, hosts } = world
  const config = world.config as NetworkConfig
  const hostBook = new HostBook(hosts)
  const picture = new Picture(ground.store)
  const applier = new Applier({ ground, hosts, hostBook, picture, config })
  const context: NetworkContext = { config, hosts, hostBook, picture, applier, compute: world.neighbour('compute') }
  ground.store.onCommit((changes) => applier.changed(changes))
  hosts.onUp((host) => {
    void hostBook.learn(host).then(
      () => world.reconcilers.trigger('network.hosts'),
      (error: unknown) => ground.log.warn({ err: error, host }, 'a network host came up but does not answer'),
    )
    applier.want(host)
  })
  hosts.on('metadata', (_host, request) => answerMetadata(context, cloudCall(ground, 'network'), request))
  return context
}
