// Policy documents that operators leave here for other programs; identity keeps them and reads nothing in them.
import { id, text } from '../../../eden/resource/fields.ts'
import { resource } from '../../../eden/resource/resource.ts'
import { extra } from './extra.ts'
import { plainRoutes } from './plain.ts'

export const policyDocument = resource('policy', {
  service: 'identity',
  plural: 'policies',
  fields: {
    id: id({ readOnly: true }),
    blob: text({ max: 1_000_000 }),
    type: text({ max: 255 }),
    extra: extra(),
  },
})

export const policyDocumentRoutes = plainRoutes({
  resource: policyDocument,
  one: 'policy',
  many: 'policies',
  required: ['blob', 'type'],
})
