// The sockets that this process keeps open inside namespaces: DHCP and metadata. They die with it and are opened anew.
import type { HostNetworks, MetadataHandler } from '../../../kernel/network/driver.ts'
import { leasesOf } from './dhcp/answer.ts'
import type { DhcpServer } from './dhcp/server.ts'
import { startDhcpServer } from './dhcp/server.ts'
import { isServed, metadataAddress } from './host-tables.ts'
import type { MetadataListener } from './metadata-listener.ts'
import { startMetadataListener } from './metadata-listener.ts'
import type { Names } from './names.ts'
import { routerMetadataPort } from './router-table.ts'

interface Service {
  dhcp: DhcpServer | null
  metadata: MetadataListener
}

export class GuestServices {
  readonly #names: Names
  readonly #handler: MetadataHandler
  readonly #onError: (error: Error) => void
  readonly #services = new Map<string, Service>()

  constructor(names: Names, handler: MetadataHandler, onError: (error: Error) => void) {
    this.#names = names
    this.#handler = handler
    this.#onError = onError
  }

  /** Closes what runs in these namespaces; without this a deleted namespace would live on. */
  async closeIn(namespaces: Iterable<string>): Promise<void> {
    for (const namespace of namespaces) {
      const service = this.#services.get(namespace)
      this.#services.delete(namespace)
      await service?.dhcp?.close()
      await service?.metadata.close()
    }
  }

  async closeAll(): Promise<void> {
    await this.closeIn([...this.#services.keys()])
  }

  /** Opens what is missing and hands out the leases that are wanted now. The namespaces must stand. */
  async serve(wanted: HostNetworks): Promise<void> {
    for (const network of wanted.networks) {
      if (!isServed(network)) continue
      const namespace = this.#names.serviceNamespace(network.id)
      const service = await this.#start(namespace, metadataAddress, 80, { networkId: network.id })
      service.dhcp ??= await startDhcpServer(namespace, this.#onError)
      const ports = wanted.ports.filter((port) => port.networkId === network.id)
      service.dhcp.serve(leasesOf(network, ports))
    }
    for (const router of wanted.routers)
      await this.#start(this.#names.routerNamespace(router.id), '0.0.0.0', routerMetadataPort, { routerId: router.id })
  }

  async #start(namespace: string, address: string, port: number, origin: { networkId?: string; routerId?: string }) {
    const running = this.#services.get(namespace)
    if (running) return running
    const where = { namespace, address, port }
    const service: Service = {
      dhcp: null,
      metadata: await startMetadataListener(where, origin, this.#handler, this.#onError),
    }
    this.#services.set(namespace, service)
    return service
  }
}
