// The schemas of metadata definitions.
type Schema = Record<string, unknown>

const text = (more: Schema = {}): Schema => ({ type: 'string', maxLength: 255, ...more })
const own = { self: { type: 'string', readOnly: true }, schema: { type: 'string', readOnly: true } }
const times = {
  created_at: { type: 'string', readOnly: true, format: 'date-time' },
  updated_at: { type: 'string', readOnly: true, format: 'date-time' },
}

const property: Schema = {
  name: 'property',
  required: ['name', 'title', 'type'],
  additionalProperties: false,
  properties: {
    name: text(),
    title: { type: 'string' },
    description: { type: 'string' },
    type: { type: 'string', enum: ['array', 'boolean', 'integer', 'number', 'object', 'string', null] },
    operators: { type: 'array', items: { type: 'string' } },
    enum: { type: 'array' },
    default: {},
    minimum: { type: 'number' },
    maximum: { type: 'number' },
    minLength: { type: 'integer', minimum: 0 },
    maxLength: { type: 'integer', minimum: 0 },
    pattern: { type: 'string', format: 'regex' },
    items: { type: 'object' },
    uniqueItems: { type: 'boolean' },
    minItems: { type: 'integer', minimum: 0 },
    maxItems: { type: 'integer', minimum: 0 },
    additionalItems: { type: 'boolean' },
    readonly: { type: 'boolean' },
  },
}

const object: Schema = {
  name: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: text(),
    description: { type: 'string' },
    required: { type: 'array', items: { type: 'string' } },
    properties: { type: 'object', additionalProperties: { type: 'object' } },
    ...own,
    ...times,
  },
}

const tag: Schema = { name: 'tag', required: ['name'], properties: { name: text(), ...times } }

const resourceType: Schema = {
  name: 'resource_type_association',
  required: ['name'],
  additionalProperties: false,
  properties: { name: text(), prefix: text(), properties_target: text(), ...times },
}

const namespace: Schema = {
  name: 'namespace',
  required: ['namespace'],
  additionalProperties: false,
  properties: {
    namespace: text(),
    display_name: text(),
    description: { type: 'string', maxLength: 500 },
    visibility: { type: 'string', enum: ['public', 'private'] },
    protected: { type: 'boolean' },
    owner: text(),
    resource_type_associations: { type: 'array', items: { type: 'object' } },
    properties: { type: 'object' },
    objects: { type: 'array', items: { type: 'object' } },
    tags: { type: 'array', items: { type: 'object' } },
    ...own,
    ...times,
  },
}

const collection = (name: string, item: Schema): Schema => ({
  name,
  properties: {
    [name]: { type: 'array', items: item },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
})

export const metadataSchemas: Record<string, Schema> = {
  'metadefs/namespace': namespace,
  'metadefs/namespaces': collection('namespaces', namespace),
  'metadefs/resource_type': resourceType,
  'metadefs/resource_types': collection('resource_type_associations', resourceType),
  'metadefs/property': property,
  'metadefs/properties': { name: 'properties', properties: { properties: { type: 'object' } } },
  'metadefs/object': object,
  'metadefs/objects': collection('objects', object),
  'metadefs/tag': tag,
  'metadefs/tags': collection('tags', tag),
}
