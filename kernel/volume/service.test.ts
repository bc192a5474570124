// The volume service as clients meet it, with simulated disks and the real image service beside it.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SimulatedImageStore } from '../../drivers/image/simulated/simulated-image-store.ts'
import { SimulatedVolumeDriver } from '../../drivers/volume/simulated/simulated-volume-driver.ts'
import type { Probe } from '../../eden/jobs/engine.ts'
import { everyone } from '../../eden/store/rows.ts'
import { otherProject, testCloud, testProject } from '../../eden/testing.ts'
import { imageService } from '../image/service.ts'
import { volumeHostRole } from './host/role.ts'
import { volumeService } from './service.ts'
import { volume } from './volumes/volume.ts'

type Json = Record<string, unknown>
const newest = { 'openstack-api-version': 'volume 3.70' }

async function start(t: TestContext, config: Json = {}) {
  const driver = new SimulatedVolumeDriver({})
  const cloud = await testCloud({
    services: [imageService, volumeService],
    gifts: { 'image.store': new SimulatedImageStore() },
    settings: { plan: { volume: config } },
    roles: [volumeHostRole({ driver })],
  })
  t.after(() => cloud.close())
  const ask = (
    persona: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = newest,
  ) => cloud.ask('volume', persona, method, `/v3/${path}`, body, headers)
  const show = async (id: string, persona = 'admin') => (await ask(persona, 'GET', `volumes/${id}`)).json.volume as Json
  const make = async (body: Json = {}, persona = 'member') => {
    const made = await ask(persona, 'POST', 'volumes', { volume: { size: 1, ...body } })
    assert.equal(made.status, 202, JSON.stringify(made.body))
    await cloud.settled()
    return (made.json.volume as { id: string }).id
  }
  const act = (id: string, body: Json, persona = 'member', headers = newest) =>
    ask(persona, 'POST', `volumes/${id}/action`, body, headers)
  const askImage = async (method: string, url: string, body?: unknown, headers?: Record<string, string>) =>
    (await cloud.ask('image', 'member', method, url, body, headers)).json
  const messages = async () => (await ask('member', 'GET', 'messages')).json.messages as { user_message: string }[]
  return { ...cloud, driver, ask, show, make, act, messages, askImage }
}

test('a volume is made, shown in its version, changed, extended and deleted', async (t) => {
  const { ask, show, make, act, settled, driver } = await start(t)
  const id = await make({ name: 'disk', metadata: { a: 'b' } })
  const shown = await show(id)
  assert.equal(shown.status, 'available')
  assert.match(String(shown.created_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  assert.equal(shown['os-vol-host-attr:host'], 'host1@simulated#simulated')
  assert.equal(shown.volume_type, '__DEFAULT__')
  const old = (await ask('member', 'GET', `${testProject}/volumes/${id}`, undefined, {})).json.volume as Json
  assert.deepEqual(
    ['volume_type_id' in old, 'shared_targets' in old, 'os-vol-host-attr:host' in old],
    [false, false, false],
  )
  assert.equal((await ask('member', 'GET', `${otherProject}/volumes/${id}`)).status, 400)
  assert.equal((await ask('stranger', 'GET', `volumes/${id}`)).status, 404)
  assert.equal((await ask('reader', 'DELETE', `volumes/${id}`)).status, 403)
  const renamed = await ask('member', 'PUT', `volumes/${id}`, { volume: { name: 'other' } })
  assert.equal((renamed.json.volume as Json).name, 'other')
  assert.equal((await act(id, { 'os-extend': { new_size: 1 } })).status, 400)
  assert.equal((await act(id, { 'os-extend': { new_size: 3 } })).status, 202)
  await settled()
  assert.deepEqual([(await show(id)).size, (await show(id)).status], [3, 'available'])
  assert.equal((await ask('member', 'DELETE', `volumes/${id}`)).status, 202)
  await settled()
  assert.equal((await ask('member', 'GET', `volumes/${id}`)).status, 404)
  assert.deepEqual((await driver.observe()).volumes, [])
})

test('requests that cannot be meant are refused before anything is made', async (t) => {
  const { ask } = await start(t)
  for (const [body, status] of [
    [{ size: 0 }, 400],
    [{ size: '#$%' }, 400],
    [{}, 400],
    [{ size: 1, volume_type: 'none' }, 404],
    [{ size: 1, snapshot_id: 'none' }, 404],
    [{ size: 1, source_volid: 'none' }, 404],
    [{ size: 1, imageRef: 'none' }, 400],
    [{ size: 1, multiattach: true }, 400],
    [{ size: 1, availability_zone: 'moon' }, 400],
    [{ size: 1, metadata: { a: 5 } }, 400],
  ] as const)
    assert.equal((await ask('member', 'POST', 'volumes', { volume: body })).status, status, JSON.stringify(body))
  assert.equal(
    (await ask('member', 'GET', 'volumes', undefined, { 'openstack-api-version': 'volume 3.99' })).status,
    406,
  )
})

test('a volume that no host can take ends in error, with a message that says which host and why', async (t) => {
  const { ask, show, make, messages } = await start(t)
  const spec = { name: 'odd', extra_specs: { vendor_name: 'Nobody' } }
  assert.equal((await ask('admin', 'POST', 'types', { volume_type: spec })).status, 200)
  const id = await make({ volume_type: 'odd' })
  assert.equal((await show(id)).status, 'error')
  assert.match((await messages())[0]!.user_message, /host1: its 'vendor_name' is 'Open Source', not 'Nobody'/)
})

test('volumes are made of images, snapshots and volumes, and become images', async (t) => {
  const { ask, show, make, act, settled, askImage } = await start(t)
  const image = await askImage('POST', '/v2/images', {
    disk_format: 'raw',
    container_format: 'bare',
    os_distro: 'debian',
  })
  await askImage('PUT', `/v2/images/${image.id}/file`, Buffer.alloc(5000, 'x'), {
    'content-type': 'application/octet-stream',
  })
  const id = await make({ imageRef: image.id })
  const shown = await show(id)
  assert.deepEqual([shown.status, shown.bootable], ['available', 'true'])
  assert.equal((shown.volume_image_metadata as Json).os_distro, 'debian')
  const taken = await ask('member', 'POST', 'snapshots', { snapshot: { volume_id: id } })
  await settled()
  const snapshotId = (taken.json.snapshot as Json).id as string
  assert.equal(((await ask('member', 'GET', `snapshots/${snapshotId}`)).json.snapshot as Json).status, 'available')
  const copy = await make({ snapshot_id: snapshotId, size: 2 })
  assert.deepEqual([(await show(copy)).status, (await show(copy)).bootable], ['available', 'true'])
  assert.equal((await show(await make({ source_volid: copy, size: undefined }))).size, 2)
  assert.equal((await ask('member', 'DELETE', `volumes/${id}`)).status, 400)
  const uploaded = await act(copy, { 'os-volume_upload_image': { image_name: 'copy' } })
  assert.equal(uploaded.status, 202, JSON.stringify(uploaded.body))
  await settled()
  const madeId = (uploaded.json['os-volume_upload_image'] as Json).image_id
  assert.equal((await askImage('GET', `/v2/images/${madeId}`)).status, 'active')
  assert.equal((await show(copy)).status, 'available')
  assert.equal((await ask('member', 'DELETE', `volumes/${id}?cascade=true`)).status, 202)
  await settled()
  assert.equal((await ask('member', 'GET', `snapshots/${snapshotId}`)).status, 404)
})

test('an attachment is reserved, connected, completed and let go', async (t) => {
  const { ask, show, make, driver } = await start(t)
  const id = await make()
  const made = await ask('member', 'POST', 'attachments', {
    attachment: { volume_uuid: id, instance_uuid: 'server-1' },
  })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const attachmentId = (made.json.attachment as Json).id as string
  assert.equal((await show(id)).status, 'reserved')
  assert.equal(
    (await ask('member', 'POST', 'attachments', { attachment: { volume_uuid: id, instance_uuid: 's2' } })).status,
    400,
  )
  const connected = await ask('member', 'PUT', `attachments/${attachmentId}`, {
    attachment: { connector: { host: 'h', mountpoint: '/dev/vdb' } },
  })
  assert.deepEqual((connected.json.attachment as Json).connection_info, {
    driver_volume_type: 'simulated',
    data: { kind: 'simulated' },
    access_mode: 'rw',
  })
  assert.equal((await show(id)).status, 'attaching')
  assert.equal((await ask('member', 'POST', `attachments/${attachmentId}/action`, { 'os-complete': {} })).status, 204)
  const shown = await show(id)
  assert.equal(shown.status, 'in-use')
  assert.equal((shown.attachments as Json[])[0]!.device, '/dev/vdb')
  assert.deepEqual((await driver.observe()).connected, [id])
  assert.equal((await ask('member', 'DELETE', `volumes/${id}`)).status, 400)
  assert.equal((await ask('member', 'DELETE', `attachments/${attachmentId}`)).status, 200)
  assert.equal((await show(id)).status, 'available')
  assert.deepEqual((await driver.observe()).connected, [])
})

test('a connection that fails frees the volume', async (t) => {
  const { ask, show, make, driver } = await start(t)
  const id = await make()
  driver.failNext('connect', new TypeError('no socket'))
  const made = await ask('member', 'POST', 'attachments', {
    attachment: { volume_uuid: id, instance_uuid: 's', connector: { host: 'h' } },
  })
  assert.equal(made.status, 503)
  assert.equal((await show(id)).status, 'available')
})

test('the old way of attaching', async (t) => {
  const { show, make, act } = await start(t)
  const id = await make()
  for (const [word, body, status, after] of [
    ['os-reserve', {}, 202, 'attaching'],
    ['os-reserve', {}, 400, 'attaching'],
    ['os-unreserve', {}, 202, 'available'],
    ['os-attach', { instance_uuid: 's', mountpoint: '/dev/vdc' }, 202, 'in-use'],
    ['os-begin_detaching', {}, 202, 'detaching'],
    ['os-roll_detaching', {}, 202, 'in-use'],
    ['os-detach', {}, 202, 'available'],
    ['os-update_readonly_flag', { readonly: true }, 202, 'available'],
  ] as const) {
    assert.equal((await act(id, { [word]: body })).status, status, word)
    assert.equal((await show(id)).status, after, word)
  }
  assert.equal(((await show(id)).metadata as Json).readonly, 'True')
})

test('quotas count what is there and are spent with 413', async (t) => {
  const { ask, make, act } = await start(t, { quotaVolumes: 2, quotaGigabytes: 5 })
  const id = await make()
  await make({ size: 3 })
  assert.equal((await ask('member', 'POST', 'volumes', { volume: { size: 1 } })).status, 413)
  assert.equal((await act(id, { 'os-extend': { new_size: 3 } })).status, 413)
  const usage = (await ask('member', 'GET', `os-quota-sets/${testProject}?usage=True`)).json.quota_set as Record<
    string,
    Json
  >
  assert.deepEqual([usage.volumes!.in_use, usage.gigabytes!.in_use, usage.gigabytes!.limit], [2, 4, 5])
  assert.equal((await ask('member', 'PUT', `os-quota-sets/${testProject}`, { quota_set: { volumes: 9 } })).status, 403)
  assert.equal((await ask('admin', 'PUT', `os-quota-sets/${testProject}`, { quota_set: { volumes: 9 } })).status, 200)
  await make()
  assert.equal(
    ((await ask('member', 'GET', 'limits')).json.limits as Record<string, Json>).absolute!.maxTotalVolumes,
    9,
  )
})

test('lists filter, page and count', async (t) => {
  const { ask, make } = await start(t)
  const a = await make({ name: 'a', metadata: { k: 'v' } })
  const b = await make({ name: 'b' })
  const ids = async (query: string, persona = 'member') =>
    ((await ask(persona, 'GET', `volumes${query}`)).json.volumes as { id: string }[]).map(({ id }) => id)
  assert.deepEqual(await ids('?name=a'), [a])
  assert.deepEqual(await ids(`?metadata=${encodeURIComponent("{'k': 'v'}")}`), [a])
  assert.deepEqual(await ids('?sort=name:asc&limit=1'), [a])
  assert.deepEqual(await ids(`?sort=name:asc&limit=1&marker=${a}`), [b])
  assert.deepEqual(await ids('', 'stranger'), [])
  assert.equal((await ids('?all_tenants=1', 'admin')).length, 2)
  const page = await ask('member', 'GET', 'volumes/detail?limit=1&with_count=true')
  assert.equal(page.json.count, 2)
  assert.match((page.json.volumes_links as { href: string }[])[0]!.href, /marker=/)
})

test('types, their specs and their access; a transfer hands a volume over', async (t) => {
  const { ask, make, show } = await start(t)
  const made = await ask('admin', 'POST', 'types', {
    volume_type: { name: 'fast', 'os-volume-type-access:is_public': false },
  })
  const typeId = (made.json.volume_type as Json).id
  assert.equal((await ask('member', 'POST', 'volumes', { volume: { size: 1, volume_type: 'fast' } })).status, 404)
  assert.equal(
    (await ask('admin', 'POST', `types/${typeId}/action`, { addProjectAccess: { project: testProject } })).status,
    202,
  )
  const id = await make({ volume_type: 'fast' })
  assert.equal((await ask('admin', 'DELETE', `types/${typeId}`)).status, 400)
  assert.equal((await ask('admin', 'POST', `types/${typeId}/extra_specs`, { extra_specs: { a: 'b' } })).status, 200)
  assert.deepEqual((await ask('admin', 'GET', `types/${typeId}/extra_specs/a`)).json, { a: 'b' })
  const handed = await ask('member', 'POST', 'volume-transfers', { transfer: { volume_id: id } })
  const { id: transferId, auth_key } = handed.json.transfer as Json
  const accept = (key: unknown) =>
    ask('stranger', 'POST', `volume-transfers/${transferId}/accept`, { accept: { auth_key: key } })
  assert.equal((await accept('wrong')).status, 400)
  assert.equal((await accept(auth_key)).status, 202)
  assert.equal((await show(id))['os-vol-tenant-attr:tenant_id'], otherProject)
})

const steps = ['ask', 'place', 'make', 'settle']
for (const at of ['before', 'after'] as const)
  for (const step of steps)
    test(`a volume whose making fails ${at} '${step}' ends in error and leaves no bytes`, async (t) => {
      const { show, make, assembly, driver, messages } = await start(t)
      const probe: Probe = (when, _, name, direction) => {
        if (when === at && name === step && direction === 'do') throw new TypeError('broken on purpose')
      }
      assembly.jobs.probe = probe
      const id = await make()
      assert.equal((await show(id)).status, 'error')
      assert.deepEqual((await driver.observe()).volumes, [])
      assert.match((await messages())[0]!.user_message, /broken on purpose/)
    })

test('strays go, rows without bytes say so, and what an abandoned attach left is freed', async (t) => {
  const { show, make, driver, assembly, act } = await start(t, { abandonedAfter: '1ms' })
  const id = await make()
  const abandoned = await make()
  await driver.createEmpty('7a7c3f5e-98d2-4f0e-8a0e-1f2d3c4b5a69', 1)
  await driver.remove(id)
  await act(abandoned, { 'os-reserve': {} })
  await assembly.reconcilers.trigger('volume.observed')
  assert.deepEqual((await driver.observe()).volumes, [abandoned])
  assert.equal((await show(id)).status, 'error')
  await assembly.cloudCall('volume').transaction(async (tx) => {
    await tx.rows(volume, everyone('test')).change(abandoned, { description: 'touched' })
  })
  await new Promise((resolve) => setTimeout(resolve, 5))
  await assembly.reconcilers.trigger('volume.states')
  assert.equal((await show(abandoned)).status, 'available')
})

test('operators see services, hosts, pools and capabilities; a disabled host gets nothing', async (t) => {
  const { ask, make, show } = await start(t)
  const pools = (await ask('admin', 'GET', 'scheduler-stats/get_pools?detail=True')).json.pools as { name: string }[]
  assert.equal(pools[0]!.name, 'host1@simulated#simulated')
  assert.equal((await ask('admin', 'GET', `capabilities/${encodeURIComponent(pools[0]!.name)}`)).status, 200)
  assert.equal((await ask('admin', 'GET', 'os-hosts/host1@simulated')).status, 200)
  const disable = { host: 'host1@simulated', binary: 'cinder-volume', disabled_reason: 'repair' }
  assert.equal((await ask('admin', 'PUT', 'os-services/disable-log-reason', disable)).status, 200)
  assert.equal((await show(await make())).status, 'error')
  for (const path of ['os-availability-zone', 'extensions', 'os-services', 'os-hosts'])
    assert.equal((await ask('admin', 'GET', path)).status, 200, path)
})
