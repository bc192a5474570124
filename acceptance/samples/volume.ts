// Samples of everything that volume writes.
import { tinyDisk } from '../scenario.ts'
import type { Sample } from './sample.ts'

const act = (what: string, word: string, given: unknown = {}, more: Partial<Sample> = {}): Sample => ({
  ask: `POST /v3/${what}/action`,
  body: { [word]: given },
  ...more,
})
const onVolume = (word: string, given?: unknown, more?: Partial<Sample>) => act('volumes/{volume}', word, given, more)
const create = (keeps: string, fields: object = {}): Sample => ({
  ask: 'POST /v3/volumes',
  body: { volume: { name: 'sampled', size: 1, ...fields } },
  keeps: { [keeps]: 'volume.id' },
})

const types: Sample[] = [
  { ask: 'POST /v3/types', body: { volume_type: { name: 'sampled' } }, keeps: { type: 'volume_type.id' } },
  { ask: 'PUT /v3/types/{type}', body: { volume_type: { description: 'changed' } } },
  { ask: 'POST /v3/types/{type}/extra_specs', body: { extra_specs: { one: '1', two: '2' } } },
  { ask: 'PUT /v3/types/{type}/extra_specs/one', body: { one: '11' } },
  { ask: 'DELETE /v3/types/{type}/extra_specs/one' },
  { ask: 'DELETE /v3/types/{type}/extra_specs/two', prepares: true },
  {
    ask: 'POST /v3/types',
    body: { volume_type: { name: 'private', 'os-volume-type-access:is_public': false } },
    prepares: true,
    keeps: { privateType: 'volume_type.id' },
  },
  act('types/{privateType}', 'addProjectAccess', { project: '{ownProject}' }),
  act('types/{privateType}', 'removeProjectAccess', { project: '{ownProject}' }),
  { ask: 'DELETE /v3/types/{privateType}' },
]

const volumes: Sample[] = [
  create('volume'),
  { ask: 'PUT /v3/volumes/{volume}', body: { volume: { name: 'changed' } } },
  { ask: 'POST /v3/volumes/{volume}/metadata', body: { metadata: { one: '1' } } },
  { ask: 'PUT /v3/volumes/{volume}/metadata', body: { metadata: { two: '2' } } },
  { ask: 'PUT /v3/volumes/{volume}/metadata/two', body: { meta: { two: '22' } } },
  { ask: 'DELETE /v3/volumes/{volume}/metadata/two' },
  onVolume('os-extend', { new_size: 2 }),
  onVolume('os-extend', { new_size: 1 }, { refuses: 400 }),
  onVolume('os-retype', { new_type: 'sampled', migration_policy: 'never' }),
  onVolume('os-set_bootable', { bootable: true }),
  onVolume('os-update_readonly_flag', { readonly: true }),
  onVolume('os-update_readonly_flag', { readonly: false }, { prepares: true }),
  onVolume('os-set_image_metadata', { metadata: { os_distro: 'sampled' } }),
  onVolume('os-show_image_metadata'),
  onVolume('os-unset_image_metadata', { key: 'os_distro' }),
  onVolume('os-reset_status', { status: 'error' }),
  onVolume('os-reset_status', { status: 'available' }, { prepares: true }),
  onVolume(
    'os-volume_upload_image',
    { image_name: 'sampled', disk_format: 'raw' },
    { keeps: { uploaded: 'os-volume_upload_image.image_id' } },
  ),
  onVolume('os-volume_upload_image', { image_name: 'sampled', visibility: 'nowhere' }, { refuses: 400 }),
  { ask: 'DELETE /v2/images/{uploaded}', of: 'image', prepares: true },
]

/** The way of Cinder's first clients. */
const oldAttachments: Sample[] = [
  onVolume('os-reserve'),
  onVolume('os-unreserve'),
  onVolume('os-initialize_connection', { connector: { host: 'node1' } }),
  onVolume('os-terminate_connection', { connector: { host: 'node1' } }),
  onVolume('os-attach', { instance_uuid: '00000000-0000-4000-8000-000000000001', mountpoint: '/dev/vdb' }),
  onVolume('os-begin_detaching'),
  onVolume('os-roll_detaching'),
  onVolume('os-detach'),
  onVolume('os-attach', { host_name: 'elsewhere', mountpoint: '/dev/vdb' }, { prepares: true }),
  onVolume('os-force_detach'),
]

const attachments: Sample[] = [
  {
    ask: 'POST /v3/attachments',
    body: {
      attachment: { volume_uuid: '{volume}', instance_uuid: '00000000-0000-4000-8000-000000000002' },
    },
    keeps: { attachment: 'attachment.id' },
  },
  {
    ask: 'PUT /v3/attachments/{attachment}',
    body: { attachment: { connector: { host: 'node1', mountpoint: '/dev/vdb' } } },
  },
  act('attachments/{attachment}', 'os-complete'),
  { ask: 'DELETE /v3/attachments/{attachment}' },
]

const snapshots: Sample[] = [
  {
    ask: 'POST /v3/snapshots',
    body: { snapshot: { volume_id: '{volume}', name: 'sampled' } },
    keeps: { snapshot: 'snapshot.id' },
  },
  { ask: 'PUT /v3/snapshots/{snapshot}', body: { snapshot: { name: 'changed' } } },
  { ask: 'POST /v3/snapshots/{snapshot}/metadata', body: { metadata: { one: '1' } } },
  { ask: 'PUT /v3/snapshots/{snapshot}/metadata', body: { metadata: { two: '2' } } },
  { ask: 'PUT /v3/snapshots/{snapshot}/metadata/two', body: { meta: { two: '22' } } },
  { ask: 'DELETE /v3/snapshots/{snapshot}/metadata/two' },
  act('snapshots/{snapshot}', 'os-update_snapshot_status', { status: 'creating', progress: '50%' }),
  act('snapshots/{snapshot}', 'os-reset_status', { status: 'available' }),
  { ask: 'DELETE /v3/volumes/{volume}', refuses: 400 },
  { ask: 'DELETE /v3/snapshots/{snapshot}' },
  {
    ask: 'POST /v3/snapshots',
    body: { snapshot: { volume_id: '{volume}', name: 'sampled' } },
    prepares: true,
    keeps: { snapshot: 'snapshot.id' },
  },
  act('snapshots/{snapshot}', 'os-force_delete'),
]

const transfers: Sample[] = ['os-volume-transfer', 'volume-transfers'].flatMap((path): Sample[] => [
  {
    ask: `POST /v3/${path}`,
    body: { transfer: { volume_id: '{volume}', name: 'sampled' } },
    keeps: { transfer: 'transfer.id', key: 'transfer.auth_key' },
  },
  { ask: `POST /v3/${path}/{transfer}/accept`, body: { accept: { auth_key: 'wrong' } }, refuses: 400 },
  { ask: `POST /v3/${path}/{transfer}/accept`, body: { accept: { auth_key: '{key}' } } },
  {
    ask: `POST /v3/${path}`,
    body: { transfer: { volume_id: '{volume}', name: 'sampled' } },
    prepares: true,
    keeps: { transfer: 'transfer.id' },
  },
  { ask: `DELETE /v3/${path}/{transfer}` },
])

const operators: Sample[] = [
  { ask: 'PUT /v3/os-quota-sets/{ownProject}', body: { quota_set: { volumes: 20 } } },
  { ask: 'DELETE /v3/os-quota-sets/{ownProject}' },
  { ask: 'PUT /v3/os-quota-class-sets/default', body: { quota_class_set: { volumes: 30 } } },
  {
    ask: 'GET /v3/os-services?binary=cinder-volume',
    prepares: true,
    keeps: { volumeHost: 'services.0.host' },
  },
  ...['disable', 'enable', 'freeze', 'thaw'].map((what) => ({
    ask: `PUT /v3/os-services/${what}`,
    body: { host: '{volumeHost}', binary: 'cinder-volume' },
  })),
  onVolume('os-extend', { new_size: 3 }, { prepares: true, fails: 'volume.extend grow' }),
  { ask: 'GET /v3/messages', prepares: true, keeps: { message: 'messages.0.id' } },
  { ask: 'DELETE /v3/messages/{message}' },
]

const removals: Sample[] = [
  onVolume('os-force_delete'),
  {
    ask: 'POST /v2/images',
    of: 'image',
    body: { name: 'sampled', disk_format: 'raw', container_format: 'bare' },
    prepares: true,
    keeps: { image: 'id' },
  },
  { ask: 'PUT /v2/images/{image}/file', of: 'image', body: tinyDisk(), prepares: true },
  create('bootable', { imageRef: '{image}' }),
  create('copy', { source_volid: '{bootable}' }),
  { ...create('nothing', { imageRef: '00000000-0000-4000-8000-000000000000' }), keeps: {}, refuses: 400 },
  { ask: 'DELETE /v3/volumes/{copy}' },
  { ask: 'DELETE /v3/volumes/{bootable}', prepares: true },
  { ask: 'DELETE /v2/images/{image}', of: 'image', prepares: true },
  { ask: 'DELETE /v3/types/{type}' },
]

export const volumeSamples: Sample[] = [
  ...types,
  ...volumes,
  ...oldAttachments,
  ...attachments,
  ...snapshots,
  ...transfers,
  ...operators,
  ...removals,
]
