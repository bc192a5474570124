// Samples of everything that image writes, bytes included.
import { tinyDisk } from '../scenario.ts'
import type { Sample } from './sample.ts'

const bytes = tinyDisk()
const qcow2Header = Buffer.from('514649fb00000003', 'hex')
const patch = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
const octets = { 'content-type': 'application/octet-stream' }

const create = (keeps: string, fields: object = {}): Sample => ({
  ask: 'POST /v2/images',
  body: { name: 'sampled', disk_format: 'raw', container_format: 'bare', ...fields },
  keeps: { [keeps]: 'id' },
})

export const imageSamples: Sample[] = [
  create('image', { visibility: 'shared' }),
  {
    ask: 'PATCH /v2/images/{image}',
    body: [{ op: 'replace', path: '/name', value: 'changed' }],
    headers: patch,
  },
  { ask: 'PUT /v2/images/{image}/file', body: { not: 'bytes' }, refuses: 415 },
  { ask: 'PUT /v2/images/{image}/file', body: qcow2Header, headers: octets, refuses: 415 },
  { ask: 'PUT /v2/images/{image}/file', body: bytes, headers: octets },
  { ask: 'PUT /v2/images/{image}/file', body: bytes, headers: octets, refuses: 409 },
  { ask: 'PUT /v2/images/{image}/stage', body: bytes, headers: octets, refuses: 409 },
  { ask: 'POST /v2/images/{image}/actions/deactivate' },
  { ask: 'POST /v2/images/{image}/actions/reactivate' },
  { ask: 'PUT /v2/images/{image}/tags/sampled' },
  { ask: 'DELETE /v2/images/{image}/tags/sampled' },
  { ask: 'POST /v2/images/{image}/members', body: { member: '{ownProject}' } },
  { ask: 'PUT /v2/images/{image}/members/{ownProject}', body: { status: 'accepted' } },
  { ask: 'DELETE /v2/images/{image}/members/{ownProject}' },
  { ...create('staged'), prepares: true },
  { ask: 'POST /v2/images/{staged}/import', body: { method: { name: 'glance-direct' } }, refuses: 409 },
  { ask: 'PUT /v2/images/{staged}/stage', body: qcow2Header, headers: octets, refuses: 415 },
  { ask: 'PUT /v2/images/{staged}/stage', body: bytes, headers: octets },
  { ask: 'POST /v2/images/{staged}/import', body: { method: { name: 'glance-direct' } } },
  { ask: 'DELETE /v2/images/{staged}' },
  { ask: 'DELETE /v2/images/{image}' },
]
