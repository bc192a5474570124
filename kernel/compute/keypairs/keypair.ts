// A key pair: the public half of what a user logs in with. It belongs to the user, whatever the project.
import { createdAt, id, oneOf, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const keypair = resource('keypair', {
  service: 'compute',
  plural: 'keypairs',
  unique: [['userId', 'name']],
  fields: {
    id: id({ hidden: true }),
    userId: id(),
    name: text(),
    type: oneOf(['ssh', 'x509']),
    publicKey: text({ max: 16384 }),
    fingerprint: text(),
    createdAt: createdAt(),
  },
})
export type Keypair = Row<typeof keypair>
