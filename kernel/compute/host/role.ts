// What compute runs beside the hypervisor: it owns the driver, keeps images at hand, and tells when a guest changes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex, PassThrough, type Readable } from 'node:stream'
import type { HostRole, Tell } from '../../../eden/host/host.ts'
import type { ComputeDriver, DiskSpec, GuestSpec, NicSpec } from '../driver.ts'
import { ImageCache } from './image-cache.ts'
import type { HostReport, LaunchInput, Observation } from './operations.ts'

export interface ComputeHostOptions {
  driver: ComputeDriver
  /** Folder in which images are kept, below `images/`. */
  stateDir: string
}

interface Named {
  id: string
}

/** Changes whenever the machine starts anew. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

export function computeHostRole({ driver, stateDir }: ComputeHostOptions): HostRole {
  const images = new ImageCache(join(stateDir, 'images'))

  /** The guest with the local path of its root image; undefined where the image has to be sent first. */
  const specOf = async ({ guest, root }: LaunchInput): Promise<GuestSpec | undefined> => {
    if (!root) return guest
    const path = await images.ready(root)
    return path === undefined
      ? undefined
      : { ...guest, root: { base: { path, format: root.format }, sizeGiB: root.sizeGiB } }
  }
  const withSpec = async (input: LaunchInput, run: (spec: GuestSpec) => Promise<void>) => {
    const spec = await specOf(input)
    if (!spec) return { needsImage: true }
    await run(spec)
    return {}
  }

  return {
    service: 'compute',
    async start(tell: Tell) {
      await images.open()
      await driver.open()
      driver.onChange((guest) => {
        // What is not heard now is found by the reconciler.
        tell('power', { id: guest.id, power: guest.power }).catch(() => {})
      })
    },
    stop: () => driver.close(),
    operations: {
      inventory: async (): Promise<HostReport> => ({ inventory: await driver.inventory(), bootId: bootId() }),
      observe: async (): Promise<Observation> => ({ guests: await driver.observe(), bootId: bootId() }),
      keepImages: async ({ ids }: { ids: string[] }) => images.keepOnly(new Set(ids)),
      launch: (input: LaunchInput) => withSpec(input, (spec) => driver.launch(spec)),
      start: (input: LaunchInput) => withSpec(input, (spec) => driver.start(spec)),
      reboot: (input: LaunchInput & { kind: 'soft' | 'hard'; graceMs: number }) =>
        withSpec(input, (spec) => driver.reboot(spec, input.kind, input.graceMs)),
      destroy: ({ id }: Named) => driver.destroy(id),
      stop: ({ id, graceMs }: Named & { graceMs: number }) => driver.stop(id, graceMs),
      pause: ({ id }: Named) => driver.pause(id),
      unpause: ({ id }: Named) => driver.unpause(id),
      attachDisk: ({ id, disk }: Named & { disk: DiskSpec }) => driver.attachDisk(id, disk),
      detachDisk: ({ id, diskId }: Named & { diskId: string }) => driver.detachDisk(id, diskId),
      attachNic: ({ id, nic }: Named & { nic: NicSpec }) => driver.attachNic(id, nic),
      detachNic: ({ id, nicId }: Named & { nicId: string }) => driver.detachNic(id, nicId),
      consoleLog: ({ id, lines }: Named & { lines?: number }) => driver.consoleLog(id, lines),
    },
    streams: {
      snapshot: async ({ id, format }: Named & { format: 'qcow2' | 'raw' }): Promise<Readable> =>
        (await driver.snapshotRoot(id, format)).stream,
    },
    connections: {
      console: ({ id, kind }: Named & { kind: 'vnc' | 'serial' }) => driver.openConsole(id, kind),
      receiveImage: async ({ imageId, sizeBytes }: { imageId: string; sizeBytes: number }) =>
        imageReceiver(images, imageId, sizeBytes),
    },
  }
}

/** Takes the image's bytes; answers `ok` or why not, then ends. */
function imageReceiver(images: ImageCache, imageId: string, sizeBytes: number): Duplex {
  const incoming = new PassThrough()
  const outgoing = new PassThrough()
  images.receive(imageId, sizeBytes, incoming).then(
    () => outgoing.end('ok'),
    (error: unknown) => {
      incoming.resume()
      outgoing.end(error instanceof Error ? error.message : String(error))
    },
  )
  return Duplex.from({ readable: outgoing, writable: incoming } as never)
}
