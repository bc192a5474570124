// One client of the storm: lives through the lives of servers, ports, volumes and the rest, and notes what was promised.
import type { Answer } from '../client.ts'
import { tinyDisk } from '../scenario.ts'
import { type CloudUnderFire, Down } from './cloud-under-fire.ts'
import { type Entry, type Kind, kinds, type Ledger } from './ledger.ts'
import type { Chance } from './random.ts'

export interface Ground {
  image: string
  network: string
  subnet: string
  public: string
  router: string
}

/** The answer was no: the life goes on as it is. */
export class Refused extends Error {}

const patienceMs = 20_000

export class StormClient {
  readonly cloud: CloudUnderFire
  readonly ledger: Ledger
  readonly chance: Chance
  readonly ground: Ground
  /** What this life is at work on. */
  #mine: Entry[] = []

  constructor(cloud: CloudUnderFire, ledger: Ledger, chance: Chance, ground: Ground) {
    this.cloud = cloud
    this.ledger = ledger
    this.chance = chance
    this.ground = ground
  }

  /** Asks for a change. @throws Down where no answer came, Refused where it was no. */
  async write(service: string, method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    let answer: Answer
    try {
      answer = await this.cloud.ask(service, method, path, body, headers)
    } catch (error) {
      this.ledger.unanswered++
      throw error
    }
    // A cloud that could not do it does not say whether it did a part.
    if (answer.status >= 500) {
      this.ledger.refuse(`${method} ${shape(path)}: ${answer.status} ${answer.text.slice(0, 160)}`)
      throw new Down(`${method} ${path}: ${answer.status}`)
    }
    if (answer.status >= 400) {
      this.ledger.refuse(`${method} ${shape(path)}: ${answer.status} ${answer.text.slice(0, 160).replace(ids, '…')}`)
      throw new Refused(answer.text)
    }
    this.ledger.acknowledged++
    return answer
  }

  /**
   * Makes one. With an idempotency key an unanswered creation is asked for once more, and must not be done twice.
   */
  async create(kind: Kind, body: (name: string) => unknown, facts: Entry['facts'] = {}): Promise<Entry> {
    const entry = this.ledger.open(kind)
    this.#mine.push(entry)
    Object.assign(entry.facts, facts)
    const { service, path } = kinds[kind]
    const key = this.chance.of(0.5) ? { 'idempotency-key': entry.name } : undefined
    const ask = () => this.write(service, 'POST', path, body(entry.name), key)
    let answer: Answer
    try {
      answer = await ask().catch(async (error) => {
        if (!(error instanceof Down) || !key) throw error
        await this.cloud.untilUp()
        return ask()
      })
    } catch (error) {
      entry.isBusy = false
      throw error
    }
    const made = (kind === 'image' ? answer.body : answer.body[kind]) as { id: string }
    entry.id = made.id
    return entry
  }

  /** Where the answer does not come, it is asked again now and then, as clients do. */
  async remove(entry: Entry): Promise<void> {
    const { service, path } = kinds[entry.kind]
    const wasAsked = entry.removal !== 'none'
    entry.removal = 'asked'
    let answer: Answer
    try {
      answer = await this.cloud.ask(service, 'DELETE', `${path}/${entry.id}`)
    } catch (error) {
      this.ledger.unanswered++
      if (this.chance.of(0.5)) {
        await this.cloud.untilUp()
        return this.remove(entry)
      }
      throw error
    }
    if (answer.status < 300 || (answer.status === 404 && wasAsked)) {
      this.ledger.acknowledged++
      entry.removal = 'acknowledged'
    } else if (answer.status < 500) {
      if (!wasAsked) entry.removal = 'none'
      this.ledger.refuse(`DELETE ${shape(path)}: ${answer.status} ${answer.text.slice(0, 160).replace(ids, '…')}`)
      throw new Refused(answer.text)
    } else throw new Down(answer.text)
  }

  /** Waits a while until the resource is as wanted; true where it came to be. */
  async becomes(entry: Entry, isThere: (row: Record<string, unknown>) => boolean): Promise<boolean> {
    const { service, path } = kinds[entry.kind]
    const end = Date.now() + patienceMs
    while (Date.now() < end) {
      const answer = await this.cloud.ask(service, 'GET', `${path}/${entry.id}`)
      if (answer.status === 404) return false
      const row = (entry.kind === 'image' ? answer.body : answer.body[entry.kind]) as Record<string, unknown>
      if (row && isThere(row)) return true
      if (String(row?.status).toLowerCase().startsWith('error')) return false
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    return false
  }

  /** A life is over, however it ended: others may go on with what it leaves. */
  rest(): void {
    for (const entry of this.#mine.splice(0)) entry.isBusy = false
  }

  // The lives.

  async livePort(): Promise<void> {
    const port = await this.create('port', (name) => ({ port: { name, network_id: this.ground.network } }))
    if (this.chance.of(0.5)) {
      const floating = await this.newFloatingIp(port)
      if (this.chance.of(0.4)) await this.point(floating, null)
      if (this.chance.of(0.4)) await this.point(floating, port)
      if (this.chance.of(0.4)) await this.remove(floating)
      floating.isBusy = false
    }
    if (this.chance.of(0.5)) await this.removePort(port)
    port.isBusy = false
  }

  async newFloatingIp(port?: Entry): Promise<Entry> {
    const floating = await this.create('floatingip', (description) => ({
      floatingip: { description, floating_network_id: this.ground.public, ...(port && { port_id: port.id }) },
    }))
    floating.facts.port = port?.id ?? null
    return floating
  }

  async point(floating: Entry, port: Entry | null): Promise<void> {
    const to = port?.id ?? null
    const before = floating.facts.port!
    floating.facts.port = 'unknown'
    try {
      await this.write('network', 'PUT', `/v2.0/floatingips/${floating.id}`, { floatingip: { port_id: to } })
      floating.facts.port = to
    } catch (error) {
      if (error instanceof Refused) floating.facts.port = before
      throw error
    }
  }

  /** Floating IPs that pointed at it then point nowhere. */
  async removePort(port: Entry): Promise<void> {
    const pointing = this.ledger.entries.filter(({ facts }) => facts.port === port.id)
    for (const floating of pointing) floating.facts.port = 'unknown'
    await this.remove(port)
    for (const floating of pointing) floating.facts.port = null
  }

  /** A server that may still be there was given this port. */
  isPlugged({ id }: Entry): boolean {
    return this.ledger.entries.some(({ facts, removal }) => facts.card === id && removal !== 'acknowledged')
  }

  async liveNetwork(): Promise<void> {
    const network = await this.create('network', (name) => ({ network: { name } }))
    const subnet = await this.write('network', 'POST', '/v2.0/subnets', {
      subnet: { network_id: network.id, ip_version: 4, cidr: `10.78.${Math.floor(this.chance.next() * 250)}.0/24` },
    })
    const { id } = subnet.body.subnet as { id: string }
    const router = `/v2.0/routers/${this.ground.router}`
    if (this.chance.of(0.3)) {
      await this.write('network', 'PUT', `${router}/add_router_interface`, { subnet_id: id })
      await this.write('network', 'PUT', `${router}/remove_router_interface`, { subnet_id: id })
    }
    if (this.chance.of(0.7)) await this.remove(network)
    network.isBusy = false
  }

  async newVolume(from: object = {}): Promise<Entry> {
    const volume = await this.create('volume', (name) => ({ volume: { name, size: 1, ...from } }))
    volume.facts.size = 1
    return volume
  }

  async liveVolume(): Promise<void> {
    const volume = await this.newVolume(this.chance.of(0.3) ? { imageRef: this.ground.image } : {})
    if (!(await this.becomes(volume, ({ status }) => status === 'available'))) return
    if (this.chance.of(0.4)) {
      volume.facts.size = 'unknown'
      await this.write('volume', 'POST', `/v3/volumes/${volume.id}/action`, { 'os-extend': { new_size: 2 } })
      volume.facts.size = 2
      if (!(await this.becomes(volume, ({ status }) => status === 'available'))) return
    }
    if (this.chance.of(0.5)) {
      const snapshot = await this.create('snapshot', (name) => ({ snapshot: { name, volume_id: volume.id } }), {
        of: volume.id!,
      })
      if (!(await this.becomes(snapshot, ({ status }) => status === 'available'))) return
      if (this.chance.of(0.4)) {
        const copy = await this.create('volume', (name) => ({ volume: { name, snapshot_id: snapshot.id } }))
        if (!(await this.becomes(copy, ({ status }) => status === 'available'))) return
        if (this.chance.of(0.6)) await this.remove(copy)
        copy.isBusy = false
      }
      if (this.chance.of(0.7)) {
        await this.remove(snapshot)
        await this.becomes(snapshot, () => false)
      }
      snapshot.isBusy = false
    }
    if (this.chance.of(0.2)) {
      const copy = await this.newVolume({ source_volid: volume.id, size: 2 })
      copy.facts.size = 2
      copy.isBusy = false
    }
    if (this.chance.of(0.2)) await this.liveVolumeImage(volume)
    if (this.chance.of(0.6)) await this.removeVolume(volume)
    volume.isBusy = false
  }

  async liveVolumeImage(volume: Entry): Promise<void> {
    const image = this.ledger.open('image')
    this.#mine.push(image)
    image.facts.status = 'unknown'
    const answer = await this.write('volume', 'POST', `/v3/volumes/${volume.id}/action`, {
      'os-volume_upload_image': { image_name: image.name, container_format: 'bare', disk_format: 'raw' },
    })
    image.id = (answer.body['os-volume_upload_image'] as { image_id: string }).image_id
    image.facts.status = 'active'
    await this.becomes(volume, ({ status }) => status === 'available')
    if (this.chance.of(0.7)) await this.remove(image)
  }

  async liveImage(): Promise<void> {
    const image = await this.create('image', (name) => ({ name, disk_format: 'raw', container_format: 'bare' }))
    image.facts.status = 'unknown'
    await this.write('image', 'PUT', `/v2/images/${image.id}/file`, tinyDisk())
    image.facts.status = 'active'
    if (this.chance.of(0.5)) await this.remove(image)
    image.isBusy = false
  }

  newServer(more: object, card?: string) {
    const body = (name: string) => ({
      server: { name, flavorRef: '0', imageRef: this.ground.image, networks: [{ uuid: this.ground.network }], ...more },
    })
    return this.create('server', body, { ...(card && { card }) })
  }

  async act(server: Entry, body: object, power?: string): Promise<void> {
    if (power) server.facts.power = 'unknown'
    await this.write('compute', 'POST', `/v2.1/servers/${server.id}/action`, body)
    if (power) server.facts.power = power
    await this.becomes(server, (row) => row['OS-EXT-STS:task_state'] === null)
  }

  async liveServer(): Promise<void> {
    const own = this.chance.of(0.4)
      ? await this.create('port', (name) => ({ port: { name, network_id: this.ground.network } }))
      : undefined
    const server = await this.newServer(own ? { networks: [{ port: own.id }] } : {}, own?.id)
    server.facts.power = 'active'
    if (this.chance.of(0.8)) {
      if (!(await this.becomes(server, ({ status }) => status === 'ACTIVE'))) return
      if (own && this.chance.of(0.5)) (await this.newFloatingIp(own)).isBusy = false
      // A card may lose its port; a system that does not run would not let go of it.
      if (own && !this.cloud.settings.isReal && this.chance.of(0.3)) await this.removePort(own)
      if (this.chance.of(0.5)) await this.liveAttached(server)
      if (this.chance.of(0.3)) await this.act(server, { 'os-stop': null }, 'stopped')
      if (this.chance.of(0.3) && server.facts.power === 'stopped')
        await this.act(server, { 'os-start': null }, 'active')
      if (this.chance.of(0.2) && server.facts.power === 'active')
        await this.act(server, { reboot: { type: 'HARD' } }, 'active')
      if (this.chance.of(0.2) && server.facts.power === 'active') {
        await this.act(server, { pause: null }, 'paused')
        await this.act(server, { unpause: null }, 'active')
      }
      if (this.chance.of(0.2) && server.facts.power === 'active')
        await this.act(server, { rebuild: { imageRef: this.ground.image } }, 'active')
      if (this.chance.of(0.3)) await this.liveCard(server)
      if (this.chance.of(0.2)) await this.liveServerImage(server)
    }
    if (this.chance.of(0.6)) await this.removeServer(server)
    server.isBusy = false
    if (own) own.isBusy = false
  }

  async liveCard(server: Entry): Promise<void> {
    const path = `/v2.1/servers/${server.id}/os-interface`
    const answer = await this.write('compute', 'POST', path, { interfaceAttachment: { net_id: this.ground.network } })
    const { port_id } = answer.body.interfaceAttachment as { port_id: string }
    server.cards.set(port_id, true)
    // A system that does not run lets nothing go.
    if (this.cloud.settings.isReal || this.chance.of(0.4)) return
    server.cards.set(port_id, 'unknown')
    await this.write('compute', 'DELETE', `${path}/${port_id}`)
    server.cards.set(port_id, false)
  }

  /** An image of the server; one that is not whole goes with the server. */
  async liveServerImage(server: Entry): Promise<void> {
    const image = this.ledger.open('image')
    this.#mine.push(image)
    image.facts.server = server.id!
    image.facts.status = 'unknown'
    const answer = await this.write('compute', 'POST', `/v2.1/servers/${server.id}/action`, {
      createImage: { name: image.name },
    })
    image.id = (answer.body as { image_id: string }).image_id
    image.facts.status = 'active'
    if (this.chance.of(0.7)) await this.becomes(image, ({ status }) => status === 'active')
  }

  async liveAttached(server: Entry): Promise<void> {
    const volume = await this.newVolume()
    if (!(await this.becomes(volume, ({ status }) => status === 'available'))) return
    const path = `/v2.1/servers/${server.id}/os-volume_attachments`
    server.volumes.set(volume.id!, 'unknown')
    await this.write('compute', 'POST', path, { volumeAttachment: { volumeId: volume.id } })
    server.volumes.set(volume.id!, true)
    await this.becomes(volume, ({ status }) => status === 'in-use')
    if (this.chance.of(0.6)) {
      // What lies on the storm's disks halts at once, and a system that does not run lets nothing go.
      if (this.cloud.settings.isReal) await this.act(server, { 'os-stop': null }, 'stopped')
      server.volumes.set(volume.id!, 'unknown')
      await this.write('compute', 'DELETE', `${path}/${volume.id}`)
      server.volumes.set(volume.id!, false)
      await this.becomes(volume, ({ status }) => status === 'available')
    }
    volume.isBusy = false
  }

  /** Boots from a volume that goes with it, or from one of the image's bytes that stays. */
  async liveBootVolume(): Promise<void> {
    const server = await this.newServer({
      imageRef: undefined,
      block_device_mapping_v2: [
        {
          uuid: this.ground.image,
          source_type: 'image',
          destination_type: 'volume',
          volume_size: 1,
          boot_index: 0,
          delete_on_termination: true,
        },
      ],
    })
    server.facts.power = 'active'
    if (this.chance.of(0.6)) await this.becomes(server, ({ status }) => status === 'ACTIVE')
    if (this.chance.of(0.6)) await this.removeServer(server)
    server.isBusy = false
  }

  async removeServer(server: Entry): Promise<void> {
    for (const image of this.ledger.living('image'))
      if (image.facts.server === server.id && !(await this.becomes(image, ({ status }) => status === 'active')))
        image.removal = 'asked'
    await this.remove(server)
    if (this.chance.of(0.3)) await this.becomes(server, () => false)
  }

  /** With the snapshots that are taken of it. */
  async removeVolume(volume: Entry): Promise<void> {
    const taken = this.ledger.entries.filter(
      ({ facts, removal }) => facts.of === volume.id && removal !== 'acknowledged',
    )
    if (taken.length === 0) return this.remove(volume)
    for (const entry of [volume, ...taken]) entry.removal = 'asked'
    try {
      await this.write('volume', 'DELETE', `/v3/volumes/${volume.id}?cascade=true`)
    } catch (error) {
      if (error instanceof Refused) for (const entry of [volume, ...taken]) entry.removal = 'none'
      throw error
    }
    for (const entry of [volume, ...taken]) entry.removal = 'acknowledged'
  }

  /** Takes something old away, so that the cloud does not fill up. */
  async reap(kind: Kind): Promise<void> {
    const all = this.ledger.living(kind).filter(({ isBusy }) => !isBusy)
    if (all.length === 0) return
    const entry = this.chance.pick(all)
    entry.isBusy = true
    try {
      if (kind === 'volume') await this.removeVolume(entry)
      else if (kind === 'port') {
        if (!this.isPlugged(entry)) await this.removePort(entry)
      } else if (kind === 'server') await this.removeServer(entry)
      else await this.remove(entry)
    } finally {
      entry.isBusy = false
    }
  }
}

const ids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const shape = (path: string) => path.replace(ids, ':id')
