// What operators said of a volume host: disabled, and why.
import { createdAt, flag, id, maybe, text, updatedAt } from '../../../eden/resource/fields.ts'
import { resource } from '../../../eden/resource/resource.ts'

/** Keyed by the host's name; a host without a row is enabled. */
export const hostState = resource('host-state', {
  service: 'volume',
  plural: 'host-states',
  fields: {
    id: id(),
    disabled: flag({ default: false }),
    disabledReason: maybe(text()),
    frozen: flag({ default: false }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
