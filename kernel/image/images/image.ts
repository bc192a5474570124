// The image: what is known of it, where its bytes are, and the form in which clients see it.
import { Type } from 'typebox'
import { isoTime } from '../../../eden/clock.ts'
import { flag, id, integer, json, maybe, oneOf, text, texts, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { sharedWith } from '../members/shared-with.ts'

export const imageStates = ['queued', 'saving', 'uploading', 'importing', 'active', 'deactivated'] as const
export const visibilities = ['public', 'community', 'shared', 'private'] as const
export const containerFormats = ['bare', 'ami', 'ari', 'aki', 'ovf', 'ova', 'docker', 'compressed'] as const
export const diskFormats = [
  ...(['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop', 'luks'] as const),
] as const

/** What is known once the bytes have passed by. */
export interface Received {
  sizeBytes: number
  checksum: string
  hashValue: string
  virtualSizeBytes: number
}

export const image = resource('image', {
  service: 'image',
  plural: 'images',
  owner: 'owner',
  alsoVisible: (where, call) =>
    where.or([where('image_images.visibility', 'in', ['public', 'community']), sharedWith(where, call)]),
  fields: {
    id: id({ createOnly: true }),
    name: maybe(text()),
    diskFormat: maybe(oneOf(diskFormats)),
    containerFormat: maybe(oneOf(containerFormats)),
    visibility: oneOf(visibilities, { default: 'shared', index: true }),
    size: maybe(integer({ readOnly: true })),
    virtualSize: maybe(integer({ readOnly: true })),
    status: oneOf(imageStates, { readOnly: true, default: 'queued' }),
    checksum: maybe(text({ readOnly: true })),
    protected: flag({ default: false }),
    minRam: integer({ min: 0, max: 2147483647, default: 0 }),
    minDisk: integer({ min: 0, max: 2147483647, default: 0 }),
    owner: maybe(id()),
    osHidden: flag({ default: false }),
    osHashAlgo: maybe(text({ readOnly: true })),
    osHashValue: maybe(text({ readOnly: true })),
    tags: texts(),
    properties: json<Record<string, string>>(Type.Record(Type.String(), Type.String()), { default: () => ({}) }),
    createdAt: time({ readOnly: true }),
    updatedAt: time({ readOnly: true }),
    /** Where the store has, or is being given, the bytes. */
    storeKey: maybe(text(), { hidden: true }),
    /** The process that receives them now, and when it last said so. */
    receiver: maybe(text(), { hidden: true }),
    receiverSeenAt: maybe(time(), { hidden: true }),
    /** Of bytes that are staged and wait for their import. */
    staged: maybe(json<Received>(Type.Unknown()), { hidden: true }),
    importJobId: maybe(id(), { hidden: true }),
    importingToStores: maybe(text(), { hidden: true }),
    failedImport: maybe(text(), { hidden: true }),
  },
})
export type Image = Row<typeof image> & Record<string, unknown>

/** Glance keeps whole seconds, and clients compare with what it shows. */
export const wholeSecond = (ms: number) => isoTime(Math.floor(ms / 1000) * 1000)

const shownTime = (iso: string) => `${iso.slice(0, 19)}Z`

/** The image as API clients see it; `store` is the name of the store that holds the bytes. */
export function imageView(row: Image, store: string): Record<string, unknown> {
  const hasBytes = row.status === 'active' || row.status === 'deactivated'
  return {
    ...row.properties,
    name: row.name,
    disk_format: row.diskFormat,
    container_format: row.containerFormat,
    visibility: row.visibility,
    size: row.size,
    virtual_size: row.virtualSize,
    status: row.status,
    checksum: row.checksum,
    protected: row.protected,
    min_ram: row.minRam,
    min_disk: row.minDisk,
    owner: row.owner,
    os_hidden: row.osHidden,
    os_hash_algo: row.osHashAlgo,
    os_hash_value: row.osHashValue,
    ...(row.importingToStores !== null && { os_glance_importing_to_stores: row.importingToStores }),
    ...(row.failedImport !== null && { os_glance_failed_import: row.failedImport }),
    ...(hasBytes && { stores: store }),
    id: row.id,
    created_at: shownTime(row.createdAt),
    updated_at: shownTime(row.updatedAt),
    tags: row.tags,
    self: `/v2/images/${row.id}`,
    file: `/v2/images/${row.id}/file`,
    schema: '/v2/schemas/image',
  }
}

/** What a lost or refused upload leaves: an image that waits for its bytes. */
export const backToQueued = {
  status: 'queued',
  storeKey: null,
  receiver: null,
  receiverSeenAt: null,
  staged: null,
  importJobId: null,
} as const satisfies Partial<Image>
