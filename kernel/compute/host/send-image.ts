// Bringing an image to a host that cannot read the store's own file: the controller sends the bytes, so a host needs no
// token and can read no other project's images.
import { pipeline } from 'node:stream/promises'
import type { Call } from '../../../eden/call.ts'
import { unavailable } from '../../../eden/errors.ts'
import type { ComputeContext } from '../context.ts'
import type { RootImage } from './operations.ts'

const underWay = new WeakMap<object, Map<string, Promise<void>>>()

/** Servers that start at the same time share one transfer. */
export function sendImage(context: ComputeContext, call: Call, host: string, root: RootImage): Promise<void> {
  let mine = underWay.get(context)
  if (!mine) {
    mine = new Map()
    underWay.set(context, mine)
  }
  const key = `${host}/${root.imageId}`
  let sending = mine.get(key)
  if (!sending) {
    sending = send(context, call, host, root).finally(() => mine.delete(key))
    mine.set(key, sending)
  }
  return sending
}

async function send({ image, hosts }: ComputeContext, call: Call, host: string, root: RootImage): Promise<void> {
  const answer = await image.ask<unknown>(call, 'GET', `/v2/images/${root.imageId}/file`)
  if (!answer.stream) throw unavailable(`The image service gave no bytes for image ${root.imageId}.`)
  const connection = await hosts
    .get(host)
    .connect('receiveImage', { imageId: root.imageId, sizeBytes: root.sizeBytes })
    .catch((error) => {
      answer.stream?.destroy()
      throw error
    })
  // The host's answer is one line once the image is safe: `ok`, or why not.
  const verdict = readAll(connection)
  await pipeline(answer.stream, connection)
  const said = await verdict
  if (said !== 'ok') throw unavailable(`Host ${host} could not take image ${root.imageId}: ${said}`)
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let said = ''
  for await (const chunk of stream) said += String(chunk)
  return said
}
