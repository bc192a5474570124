// /v2/schemas: JSON schemas of images, members and tasks; glanceclient builds its objects from them.
import { notFound } from '../../../eden/errors.ts'
import { ok } from '../../../eden/http/request.ts'
import type { ServiceOperation } from '../../../eden/service.ts'
import type { ImageContext } from '../context.ts'
import { containerFormats, diskFormats, imageStates, visibilities } from '../images/image.ts'
import { memberStates } from '../members/member.ts'
import { metadataSchemas } from './metadata-schemas.ts'

type Schema = Record<string, unknown>

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$'
const fixed = (type: unknown, description: string): Schema => ({ type, readOnly: true, description })
const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  maxLength: 255,
  description,
  ...more,
})
const orNull = ['null', 'string']

const imageProperties: Record<string, Schema> = {
  id: { type: 'string', pattern: uuid, description: 'An identifier for the image' },
  name: text('Descriptive name for the image', { type: orNull }),
  status: { ...fixed('string', 'Status of the image'), enum: [...imageStates] },
  visibility: { type: 'string', enum: [...visibilities], description: 'Scope of image accessibility' },
  protected: { type: 'boolean', description: 'If true, image will not be deletable.' },
  os_hidden: { type: 'boolean', description: 'If true, image will not appear in default image list response.' },
  checksum: { ...fixed(orNull, 'md5 hash of image contents.'), maxLength: 32 },
  os_hash_algo: { ...fixed(orNull, 'Algorithm to calculate the os_hash_value'), maxLength: 64 },
  os_hash_value: { ...fixed(orNull, 'Hexdigest of the image contents'), maxLength: 128 },
  owner: text('Owner of the image', { type: orNull }),
  size: fixed(['null', 'integer'], 'Size of image file in bytes'),
  virtual_size: fixed(['null', 'integer'], 'Virtual size of image in bytes'),
  container_format: { type: orNull, enum: [null, ...containerFormats], description: 'Format of the container' },
  disk_format: { type: orNull, enum: [null, ...diskFormats], description: 'Format of the disk' },
  created_at: fixed('string', 'Date and time of image registration'),
  updated_at: fixed('string', 'Date and time of the last image modification'),
  tags: {
    type: 'array',
    items: { type: 'string', maxLength: 255 },
    description: 'List of strings related to the image',
  },
  direct_url: fixed('string', 'URL to access the image file kept in external store'),
  min_ram: { type: 'integer', description: 'Amount of ram (in MB) required to boot image.' },
  min_disk: { type: 'integer', description: 'Amount of disk space (in GB) required to boot image.' },
  self: fixed('string', 'An image self url'),
  file: fixed('string', 'An image file url'),
  schema: fixed('string', 'An image schema url'),
  stores: fixed('string', 'Store in which image data resides. Only present when the operator has enabled it.'),
  architecture: { type: 'string', is_base: false, description: 'Operating system architecture.' },
  instance_uuid: { type: 'string', is_base: false, description: 'Server from which this image was made.' },
  kernel_id: { type: orNull, pattern: uuid, is_base: false, description: 'Image to use as the kernel.' },
  ramdisk_id: { type: orNull, pattern: uuid, is_base: false, description: 'Image to use as the ramdisk.' },
  os_distro: { type: 'string', is_base: false, description: 'Name of the operating system distribution.' },
  os_version: { type: 'string', is_base: false, description: 'Version of the operating system.' },
}

const memberProperties: Record<string, Schema> = {
  member_id: { type: 'string', description: 'The project with which the image is shared' },
  image_id: { type: 'string', pattern: uuid, description: 'The image' },
  created_at: { type: 'string', description: 'Date and time of creation' },
  updated_at: { type: 'string', description: 'Date and time of the last change' },
  status: { type: 'string', enum: [...memberStates], description: 'What the project says to it' },
  schema: { type: 'string', readOnly: true },
}

const taskProperties: Record<string, Schema> = Object.fromEntries(
  [
    ...['id', 'type', 'status', 'owner', 'message', 'created_at', 'updated_at', 'expires_at', 'self', 'schema'],
    ...['image_id', 'request_id', 'user_id'],
  ].map((name) => [name, { type: orNull }]),
)

const imageSchema: Schema = {
  name: 'image',
  properties: imageProperties,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}
const memberSchema: Schema = { name: 'member', properties: memberProperties }
const taskSchema: Schema = { name: 'task', properties: taskProperties }

const page = { first: { type: 'string' }, next: { type: 'string' }, schema: { type: 'string' } }
const collection = (name: string, item: Schema): Schema => ({
  name,
  properties: { [name]: { type: 'array', items: item }, ...page },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
})

const schemas: Record<string, Schema> = {
  image: imageSchema,
  images: collection('images', imageSchema),
  member: memberSchema,
  members: collection('members', memberSchema),
  task: taskSchema,
  tasks: collection('tasks', taskSchema),
  ...metadataSchemas,
}

export const showSchema: ServiceOperation<ImageContext> = async (_, __, { params }) => {
  const name = params['*'] ?? ''
  const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined
  if (!schema) throw notFound(`There is no schema '${name}'.`)
  return ok(schema)
}
