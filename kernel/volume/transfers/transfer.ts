// A volume on its way to another project: who has the key may take it.
import { createdAt, flag, id, maybe, text, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const transfer = resource('transfer', {
  service: 'volume',
  plural: 'transfers',
  owner: 'projectId',
  fields: {
    id: id(),
    projectId: id(),
    volumeId: id({ index: true }),
    name: maybe(text()),
    salt: text({ secret: true }),
    keyHash: text({ secret: true }),
    noSnapshots: flag({ default: false }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Transfer = Row<typeof transfer> & Record<string, unknown>
