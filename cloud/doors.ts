// The ports of the cloud: one for each service as OpenStack has them, and the front door with all of them under a path.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Assembly } from '../eden/assembly.ts'
import { isProblem, messageOf } from '../eden/errors.ts'
import type { RawRequest, Reply } from '../eden/http/request.ts'
import { type Listening, listen } from '../eden/http/server.ts'
import { bridge, refuse } from '../eden/http/websocket.ts'
import type { AnyService } from '../eden/service.ts'
import { frontPage } from './front-page.ts'

export interface DoorsOptions {
  address: string
  /** `classic`: the usual ports; `free`: any that are free. */
  ports: 'classic' | 'free'
  frontPort: number
  tls?: { cert: string; key: string }
  corsOrigins?: string[]
}

export interface Doors {
  /** `http://127.0.0.1:5000` of each service. */
  origins: Map<string, string>
  frontOrigin: string
  /** From now on requests are answered; until then they get 503. */
  open(assembly: Assembly, metrics: () => Promise<string>): void
  close(graceMs: number): Promise<void>
}

const starting: Reply = {
  status: 503,
  headers: { 'retry-after': '1' },
  body: {
    error: { code: 503, title: 'Service Unavailable', message: 'The cloud is starting; try again in a second.' },
  },
}

/** Takes the ports, so that addresses are known before services start. */
export async function openDoors(services: AnyService[], options: DoorsOptions): Promise<Doors> {
  let assembly: Assembly | undefined
  let metrics: () => Promise<string> = async () => ''
  const scheme = options.tls ? 'https' : 'http'
  const listening: Listening[] = []
  const origins = new Map<string, string>()
  const shared = {
    address: options.address,
    ...(options.tls && { tls: options.tls }),
    ...(options.corsOrigins && { corsOrigins: options.corsOrigins }),
  }
  const origin = (port: number) =>
    `${scheme}://${options.address.includes(':') ? `[${options.address}]` : options.address}:${port}`
  const handle = (service: string, raw: RawRequest) =>
    assembly?.pipelines.get(service)?.handle(raw) ?? Promise.resolve(copy(starting))
  const upgrade = (service: string, raw: RawRequest, message: IncomingMessage, socket: Duplex, head: Buffer) =>
    void upgradeFor(assembly, service, raw, message, socket, head)

  try {
    for (const service of services) {
      const ports = options.ports === 'classic' ? service.ports : service.ports.length > 0 ? [0] : []
      for (const port of ports) {
        const door = await listen((raw) => handle(service.name, raw), {
          ...shared,
          port,
          onUpgrade: (raw, message, socket, head) => upgrade(service.name, raw, message, socket, head),
        })
        listening.push(door)
        if (!origins.has(service.name)) origins.set(service.name, origin(door.port))
      }
    }
    const behind = (raw: RawRequest) => throughFrontDoor(services, raw)
    const front = await listen(
      async (raw) => {
        const found = behind(raw)
        if (found) return handle(found.service.name, found.raw)
        return frontPage(raw, { services, origins, metrics, isReady: assembly !== undefined })
      },
      {
        ...shared,
        port: options.ports === 'classic' ? options.frontPort : 0,
        onUpgrade: (raw, message, socket, head) => {
          const found = behind(raw)
          if (found) upgrade(found.service.name, found.raw, message, socket, head)
          else refuse(socket, 404, 'There is no WebSocket at this address.')
        },
      },
    )
    listening.push(front)
    return {
      origins,
      frontOrigin: origin(front.port),
      open(opened, scrape) {
        assembly = opened
        metrics = scrape
      },
      close: async (graceMs) => {
        await Promise.all(listening.map((door) => door.close(graceMs)))
      },
    }
  } catch (error) {
    await Promise.all(listening.map((door) => door.close(0)))
    throw portTaken(error)
  }
}

const copy = (reply: Reply): Reply => ({ ...reply, headers: { ...reply.headers } })

/** `/compute/v2.1/servers` is compute's `/v2.1/servers`. */
function throughFrontDoor(services: AnyService[], raw: RawRequest) {
  const service = services.find(
    ({ prefix }) => raw.url === prefix || raw.url.startsWith(`${prefix}/`) || raw.url.startsWith(`${prefix}?`),
  )
  if (!service) return undefined
  if (service.keepsPrefix) return { service, raw }
  const url = raw.url.slice(service.prefix.length)
  return { service, raw: { ...raw, url: url.startsWith('/') ? url : `/${url}`, origin: raw.origin + service.prefix } }
}

async function upgradeFor(
  assembly: Assembly | undefined,
  name: string,
  raw: RawRequest,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
) {
  const service = assembly?.services.find((one) => one.name === name)
  try {
    if (!service?.upgrade) return refuse(socket, 404, 'There is no WebSocket at this address.')
    bridge(message, socket, head, await service.upgrade(assembly!.contexts.get(name) as never, raw))
  } catch (error) {
    refuse(socket, isProblem(error) ? error.status : 500, messageOf(error))
  }
}

function portTaken(error: unknown): unknown {
  const { code, port } = error as { code?: string; port?: number }
  if (code === 'EADDRINUSE')
    return new Error(
      `Port ${port} is taken by another program. Stop it, or change the port in the settings (see './cloudos describe').`,
    )
  if (code === 'EACCES') return new Error(`Port ${port} may not be used by this user; choose one above 1023.`)
  return error
}
