// Secrets that identity keeps for users: EC2 keys, TOTP seeds, certificates. Encrypted at rest.
import { id, maybe, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { extra } from '../extras/extra.ts'

export const credential = resource('credential', {
  service: 'identity',
  plural: 'credentials',
  fields: {
    id: text({ max: 64, readOnly: true }),
    userId: id({ index: true }),
    projectId: maybe(id()),
    type: text({ min: 1, max: 255 }),
    encryptedBlob: text({ max: 1_000_000, readOnly: true, secret: true }),
    extra: extra(),
  },
})
export type Credential = Row<typeof credential>
