// What the cloud offers and where: regions, services and their endpoints.
import { flag, id, maybe, oneOf, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { extra } from '../extras/extra.ts'

export const region = resource('region', {
  service: 'identity',
  plural: 'regions',
  fields: {
    id: text({ min: 1, max: 255, createOnly: true }),
    description: maybe(text({ max: 65_535 }), { default: '' }),
    parentRegionId: maybe(text({ max: 255 })),
    extra: extra(),
  },
})
export type Region = Row<typeof region>

export const service = resource('service', {
  service: 'identity',
  plural: 'services',
  fields: {
    id: id({ readOnly: true }),
    type: text({ min: 1, max: 255 }),
    name: maybe(text({ max: 255 })),
    description: maybe(text({ max: 65_535 })),
    enabled: flag({ default: true }),
    extra: extra(),
  },
})
export type Service = Row<typeof service>

export const endpoint = resource('endpoint', {
  service: 'identity',
  plural: 'endpoints',
  fields: {
    id: id({ readOnly: true }),
    interface: oneOf(['admin', 'internal', 'public']),
    regionId: maybe(text({ max: 255 })),
    serviceId: id({ index: true }),
    url: text({ min: 1, max: 65_535 }),
    enabled: flag({ default: true }),
    extra: extra(),
  },
})
export type Endpoint = Row<typeof endpoint>
