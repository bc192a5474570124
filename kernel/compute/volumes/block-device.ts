// A disk of a server: a volume that is, or is to be, attached; or the root disk that the server owns itself.
import { Type } from 'typebox'
import { createdAt, flag, id, integer, json, maybe, oneOf, text, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import type { DiskSource } from '../driver.ts'

export const blockDevice = resource('block-device', {
  service: 'compute',
  plural: 'block-devices',
  owner: 'projectId',
  fields: {
    id: id(),
    serverId: id({ index: true }),
    projectId: id(),
    /** Absent until the volume is made. */
    volumeId: maybe(id({ index: true })),
    attachmentId: maybe(id()),
    source: oneOf(['volume', 'image', 'snapshot', 'blank']),
    sourceId: maybe(id()),
    sizeGiB: maybe(integer()),
    volumeType: maybe(text()),
    bootIndex: maybe(integer()),
    device: text(),
    tag: maybe(text()),
    deleteOnTermination: flag({ default: false }),
    /** Where the guest's host finds it. */
    connection: maybe(json<DiskSource>(Type.Unknown(), { hidden: true })),
    state: oneOf(['planned', 'attaching', 'attached', 'detaching']),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type BlockDevice = Row<typeof blockDevice>

const letters = 'abcdefghijklmnopqrstuvwxyz'

/** `/dev/vdb`: the first name that is free. */
export function freeDevice(taken: readonly string[]): string {
  for (const first of ['', ...letters])
    for (const letter of letters) {
      const name = `/dev/vd${first}${letter}`
      if (!taken.includes(name)) return name
    }
  throw new Error('no device name is free')
}
