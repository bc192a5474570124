// Runs beside the disks and owns the volume driver.
import { createReadStream, existsSync } from 'node:fs'
import { type Duplex, duplexPair, type Readable, Transform } from 'node:stream'
import { isProblem, messageOf, notFound, Problem } from '../../../eden/errors.ts'
import type { HostRole } from '../../../eden/host/host.ts'
import type { VolumeDriver } from '../driver.ts'
import type { Fill, Filled, VolumeHostOperations } from './contract.ts'

type Operations = {
  [K in keyof VolumeHostOperations]: (input: VolumeHostOperations[K]['input']) => Promise<unknown>
}

export function volumeHostRole({ driver }: { driver: VolumeDriver }): HostRole {
  const operations: Operations = {
    capacity: async () => ({ ...(await driver.capacity()), backend: driver.name }),
    observe: () => driver.observe(),
    createEmpty: ({ id, sizeGiB }) => driver.createEmpty(id, sizeGiB),
    createFromSnapshot: ({ id, sizeGiB, snapshot }) => driver.createFromSnapshot(id, sizeGiB, snapshot),
    createFromVolume: ({ id, sizeGiB, sourceId }) => driver.createFromVolume(id, sizeGiB, sourceId),
    createFromFile: async ({ id, sizeGiB, format, path }) => {
      if (!existsSync(path)) throw notFound(`The image file ${path} is not on this host.`)
      await driver.createFromImage(id, sizeGiB, format, createReadStream(path, { highWaterMark: 512 * 1024 }))
    },
    remove: ({ id }) => driver.remove(id),
    extend: ({ id, sizeGiB }) => driver.extend(id, sizeGiB),
    createSnapshot: ({ id, volumeId }) => driver.createSnapshot(id, volumeId),
    removeSnapshot: ({ id, volumeId }) => driver.removeSnapshot(id, volumeId),
    connect: ({ id, attachmentId, readOnly }) => driver.connect(id, attachmentId, readOnly),
    disconnect: ({ id, attachmentId }) => driver.disconnect(id, attachmentId),
  }
  return {
    service: 'volume',
    operations: operations as unknown as HostRole['operations'],
    streams: {
      read: async (input: never) => {
        const { id, format } = input as { id: string; format: 'raw' | 'qcow2' }
        return (await driver.read(id, format)).stream
      },
    },
    connections: { fill: async (input: never) => fill(driver, input as Fill) },
    start: () => driver.open(),
    stop: () => driver.close(),
  }
}

function fill(driver: VolumeDriver, { id, sizeGiB, format, sizeBytes }: Fill): Duplex {
  const [outer, inner] = duplexPair()
  const say = (filled: Filled) => inner.end(`${JSON.stringify(filled)}\n`)
  const whole = counted(inner, sizeBytes)
  driver.createFromImage(id, sizeGiB, format, whole).then(
    () => say({ ok: true }),
    (error) => {
      inner.resume()
      say({ ok: false, status: isProblem(error) ? error.status : 500, message: messageOf(error) })
    },
  )
  return outer
}

/** Fails at the end where bytes are missing: a connection that broke looks like one that ended. */
function counted(source: Readable, expected: number): Readable {
  let seen = 0
  const counter = new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length
      done(null, chunk)
    },
    flush(done) {
      done(
        seen === expected
          ? null
          : new Problem(503, 'broken', `The image broke off after ${seen} of ${expected} bytes.`),
      )
    },
  })
  source.on('error', (error) => counter.destroy(error))
  source.on('close', () => {
    if (!source.readableEnded) counter.destroy(new Problem(503, 'broken', 'The image broke off.'))
  })
  return source.pipe(counter)
}
