// The controller's side of a volume host: typed questions, and the way of an image's bytes to it.

import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Problem, unavailable } from '../../../eden/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Fill, Filled, VolumeHostOperations } from './contract.ts'

type Operations = VolumeHostOperations

/** @throws 503 where the host is not there. */
export const askHost = <K extends keyof Operations>(
  { hosts }: Pick<VolumeContext, 'hosts'>,
  host: string,
  operation: K,
  input: Operations[K]['input'],
  options: { signal?: AbortSignal; withinMs?: number } = {},
): Promise<Operations[K]['output']> => hosts.get(host).ask<Operations[K]['output']>(operation, input, options)

/** Sends the bytes and waits until the volume is whole. */
export async function fillVolume({ hosts }: VolumeContext, host: string, input: Fill, bytes: Readable): Promise<void> {
  const connection = await hosts
    .get(host)
    .connect('fill', input)
    .catch((error) => {
      bytes.destroy()
      throw error
    })
  const answer = text(connection)
  answer.catch(() => {})
  const sent = pipeline(bytes, connection, { end: true })
  sent.catch(() => {})
  const [, said] = await Promise.allSettled([sent, answer])
  if (said.status === 'rejected' || said.value.trim() === '') {
    const cause = said.status === 'rejected' ? (said.reason as unknown) : undefined
    throw unavailable(`The host '${host}' broke off while it took the image.`, { cause })
  }
  const filled = JSON.parse(said.value) as Filled
  if (!filled.ok) throw new Problem(filled.status, 'fill', filled.message)
}
