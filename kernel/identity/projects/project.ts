// Projects and domains: a domain is a project that contains others, so both are rows of one table.
import { Type } from 'typebox'
import { flag, id, json, maybe, text } from '../../../eden/resource/fields.ts'
import { type Row, resource } from '../../../eden/resource/resource.ts'
import { extra, options } from '../extras/extra.ts'
import { generation } from '../extras/generation.ts'

/** A name may not be blank. */
const notBlank = '\\S'

/** A tag has neither `/` nor `,`. Source: Identity API reference, project tags. */
export const tagSchema = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^,/]*$' })

export const project = resource('project', {
  service: 'identity',
  plural: 'projects',
  fields: {
    id: id({ readOnly: true }),
    name: text({ min: 1, max: 64, pattern: notBlank }),
    /** Null for domains themselves. */
    domainId: maybe(id({ createOnly: true, index: true })),
    description: maybe(text({ max: 65_535 }), { default: '' }),
    enabled: flag({ default: true }),
    parentId: maybe(id({ index: true })),
    isDomain: flag({ default: false }),
    tags: json<string[]>(Type.Array(tagSchema, { maxItems: 80, uniqueItems: true }), { default: () => [] }),
    options: options(),
    /** Grows whenever tokens for the project must end. */
    generation: generation(),
    extra: extra(),
  },
  indexes: [['name']],
})
export type Project = Row<typeof project>
