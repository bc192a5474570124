// Tokens that were taken back one by one; everything else that ends a token is seen in the rows it stands on.
import { integer, text } from '../../../eden/resource/fields.ts'
import { resource } from '../../../eden/resource/resource.ts'

export const revocation = resource('token-revocation', {
  service: 'identity',
  plural: 'revocations',
  fields: {
    /** The token's audit id. */
    id: text({ max: 64 }),
    /** From here on the token is void anyway, and the row is litter. */
    expiresAtMs: integer({ index: true }),
  },
})
