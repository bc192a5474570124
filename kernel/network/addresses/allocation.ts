// The book of addresses in use: one row for each, unique by its key, so none is ever handed out twice.
import { id, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { everyone } from '../../../eden/store/rows.ts'

export const allocation = resource('allocation', {
  service: 'network',
  plural: 'allocations',
  unlogged: true,
  indexes: [
    ['subnetId', 'sortKey'],
    ['networkId', 'address'],
  ],
  fields: {
    /** Subnet and sort key. */
    id: text({ max: 128 }),
    subnetId: id(),
    networkId: id(),
    portId: id({ index: true }),
    address: text(),
    sortKey: text(),
  },
})
export type Allocation = Row<typeof allocation>

/** Where the search for the next free number goes on, by subnet or range. */
export const pointer = resource('pointer', {
  service: 'network',
  plural: 'pointers',
  unlogged: true,
  fields: { id: text({ max: 128 }), next: text() },
})

export const book = everyone('addresses are unique over all projects')
