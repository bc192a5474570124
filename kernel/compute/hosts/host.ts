// A machine that runs guests, as it last described itself, and what its operators said about it.
import { Type } from 'typebox'
import { createdAt, flag, id, integer, json, maybe, text, texts, updatedAt } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'

export const computeHost = resource('host', {
  service: 'compute',
  plural: 'hosts',
  fields: {
    id: id(),
    /** Id of the service that the API shows for it. */
    serviceId: id(),
    name: text({ unique: true }),
    hypervisorType: text(),
    hypervisorVersion: integer(),
    vcpus: integer(),
    memoryMiB: integer(),
    diskGiB: integer(),
    architecture: text(),
    cpuModel: text(),
    traits: texts(),
    notes: json<string[]>(Type.Unknown(), { default: () => [] }),
    /** Changes when the machine, not only this program, was started anew. */
    bootId: text({ default: '' }),
    isDisabled: flag({ default: false }),
    disabledReason: maybe(text()),
    isForcedDown: flag({ default: false }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type ComputeHost = Row<typeof computeHost>

/** Hosts that have something in common; one with a zone puts them into it. */
export const aggregate = resource('aggregate', {
  service: 'compute',
  plural: 'aggregates',
  fields: {
    number: integer({ wire: 'id', default: 0 }),
    id: id({ wire: 'uuid', since: '2.41' }),
    name: text({ unique: true }),
    hosts: json<string[]>(Type.Array(Type.String()), { default: () => [] }),
    metadata: json<Record<string, string>>(Type.Record(Type.String(), Type.String()), { default: () => ({}) }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
export type Aggregate = Row<typeof aggregate>
