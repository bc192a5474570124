// The right to open one console of one server for a short while. Only a digest of the token is kept.
import { id, oneOf, text, time } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const consoleToken = resource('console-token', {
  service: 'compute',
  plural: 'console-tokens',
  unlogged: true,
  fields: {
    /** SHA-256 of the token. */
    id: text(),
    serverId: id({ index: true }),
    kind: oneOf(['vnc', 'serial']),
    host: text(),
    expiresAt: time({ index: true }),
  },
})
export type ConsoleToken = Row<typeof consoleToken>
