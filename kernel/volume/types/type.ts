// The volume type: what a project may ask of its volumes, and which pools can give it.
import { createdAt, flag, id, maybe, text, textMap, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const volumeType = resource('volume-type', {
  service: 'volume',
  plural: 'types',
  fields: {
    id: id({ readOnly: true }),
    name: text({ unique: true }),
    description: maybe(text()),
    isPublic: flag({ default: true }),
    extraSpecs: textMap(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type VolumeType = Row<typeof volumeType> & Record<string, unknown>

/** A project that may use a type that is not public. */
export const typeAccess = resource('type-access', {
  service: 'volume',
  plural: 'type-access',
  unique: [['typeId', 'projectId']],
  fields: { id: id(), typeId: id({ index: true }), projectId: id({ index: true }) },
})

export const allowsMultiattach = (type: VolumeType) => /^<is>\s*true$/i.test(type.extraSpecs.multiattach ?? '')
