// A flavor: how large a server is. Flavors belong to nobody; those that are not public name their projects.
import { Type } from 'typebox'
import { createdAt, flag, integer, json, maybe, real, text, textMap, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const flavor = resource('flavor', {
  service: 'compute',
  plural: 'flavors',
  fields: {
    id: text(),
    name: text({ unique: true }),
    description: maybe(text({ max: 65535 })),
    memoryMiB: integer({ wire: 'ram', min: 1 }),
    vcpus: integer({ min: 1 }),
    diskGiB: integer({ wire: 'disk', min: 0 }),
    ephemeralGiB: integer({ wire: 'OS-FLV-EXT-DATA:ephemeral', min: 0, default: 0 }),
    swapMiB: integer({ wire: 'swap', min: 0, default: 0 }),
    rxtxFactor: real({ wire: 'rxtx_factor', default: 1 }),
    isPublic: flag({ wire: 'os-flavor-access:is_public', default: true }),
    isDisabled: flag({ wire: 'OS-FLV-DISABLED:disabled', default: false }),
    extraSpecs: textMap(),
    /** Projects that may use a flavor that is not public. */
    projects: json<string[]>(Type.Array(Type.String()), { default: () => [], hidden: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Flavor = Row<typeof flavor>

/** What a server keeps of the flavor it was made with. */
export interface KeptFlavor {
  id: string
  name: string
  vcpus: number
  memoryMiB: number
  diskGiB: number
  ephemeralGiB: number
  swapMiB: number
  extraSpecs: Record<string, string>
}

export const keptFlavor = ({
  id,
  name,
  vcpus,
  memoryMiB,
  diskGiB,
  ephemeralGiB,
  swapMiB,
  extraSpecs,
}: Flavor): KeptFlavor => ({
  id,
  name,
  vcpus,
  memoryMiB,
  diskGiB,
  ephemeralGiB,
  swapMiB,
  extraSpecs,
})

/** Made at the first start: the classic sizes, and one small enough for tests. */
export const firstFlavors = [
  { id: '0', name: 'm1.nano', memoryMiB: 128, vcpus: 1, diskGiB: 1 },
  { id: '1', name: 'm1.tiny', memoryMiB: 512, vcpus: 1, diskGiB: 1 },
  { id: '2', name: 'm1.small', memoryMiB: 2048, vcpus: 1, diskGiB: 20 },
  { id: '3', name: 'm1.medium', memoryMiB: 4096, vcpus: 2, diskGiB: 40 },
  { id: '4', name: 'm1.large', memoryMiB: 8192, vcpus: 4, diskGiB: 80 },
  { id: '5', name: 'm1.xlarge', memoryMiB: 16384, vcpus: 8, diskGiB: 160 },
]
