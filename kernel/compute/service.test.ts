// Compute as clients meet it, with the real network, volume and image services beside it.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ComputeTestCloud, type ComputeTestOptions, computeTestCloud } from './testing.ts'

type Json = Record<string, unknown>

async function start(t: TestContext, options: ComputeTestOptions = {}): Promise<ComputeTestCloud> {
  const cloud = await computeTestCloud(options)
  t.after(() => cloud.close())
  return cloud
}

test('a server comes to life with its network, is shown in each version, and goes without a trace', async (t) => {
  const { make, nova, ask, driver, settled, networkId } = await start(t)
  const row = await make({ metadata: { a: 'b' }, tags: ['x'] })
  assert.equal(row.status, 'ACTIVE', JSON.stringify(row.fault))
  const addresses = (row.addresses as Record<string, Json[]>).private!
  assert.equal(addresses.length, 1)
  assert.equal(addresses[0]!['OS-EXT-IPS:type'], 'fixed')
  assert.equal((row.flavor as Json).original_name, 'm1.nano')
  const old = (await nova('member', 'GET', `servers/${row.id}`, undefined, '2.1')).json.server as Json
  assert.equal((old.flavor as Json).id, '0')
  for (const name of ['tags', 'locked', 'description', 'OS-EXT-SRV-ATTR:host']) assert.ok(!(name in old), name)
  assert.equal((await nova('stranger', 'GET', `servers/${row.id}`)).status, 404)
  assert.equal((await driver.observe()).length, 1)
  assert.equal((await nova('reader', 'DELETE', `servers/${row.id}`)).status, 403)
  assert.equal((await nova('member', 'DELETE', `servers/${row.id}`)).status, 204)
  await settled()
  assert.equal((await nova('member', 'GET', `servers/${row.id}`)).status, 404)
  assert.deepEqual(await driver.observe(), [])
  const ports = await ask('network', 'admin', 'GET', `/v2.0/ports?network_id=${networkId}&device_owner=compute:nova`)
  assert.deepEqual(ports.json.ports, [])
  const gone = await nova('admin', 'GET', 'servers/detail?deleted=true')
  assert.equal((gone.json.servers as Json[])[0]!.status, 'DELETED')
})

test('power actions change the guest and are refused where they make no sense', async (t) => {
  const { make, nova, show, settled, driver } = await start(t)
  const { id } = await make()
  const act = async (body: Json, status = 202) => {
    const reply = await nova('member', 'POST', `servers/${id}/action`, body)
    assert.equal(reply.status, status, JSON.stringify(reply.body))
    await settled()
    return (await show(String(id))).status
  }
  assert.equal(await act({ pause: null }), 'PAUSED')
  assert.equal(await act({ pause: null }, 409), 'PAUSED')
  assert.equal(await act({ unpause: null }), 'ACTIVE')
  assert.equal(await act({ 'os-stop': null }), 'SHUTOFF')
  assert.equal((await driver.observe())[0]!.power, 'shutdown')
  assert.equal(await act({ 'os-start': null }), 'ACTIVE')
  assert.equal(await act({ reboot: { type: 'SOFT' } }), 'ACTIVE')
  assert.equal(await act({ reboot: { type: 'HARD' } }), 'ACTIVE')
  assert.equal(await act({ lock: null }), 'ACTIVE')
  assert.equal(await act({ 'os-stop': null }, 409), 'ACTIVE')
  assert.equal(await act({ unlock: null }), 'ACTIVE')
  assert.equal(await act({ resize: { flavorRef: '1' } }, 501), 'ACTIVE')
  assert.equal(await act({ dance: null }, 400), 'ACTIVE')
  const actions = (await nova('member', 'GET', `servers/${id}/os-instance-actions`)).json.instanceActions as Json[]
  assert.ok(actions.some(({ action }) => action === 'create'))
})

test('a failing launch is undone, and the server says why', async (t) => {
  const { make, driver, ask, networkId } = await start(t)
  driver.knobs.failNext('launch', new TypeError('the hypervisor broke'))
  const row = await make()
  assert.equal(row.status, 'ERROR')
  assert.match((row.fault as { message: string }).message, /the hypervisor broke/)
  assert.equal(row['OS-EXT-SRV-ATTR:host'], null)
  const ports = await ask('network', 'admin', 'GET', `/v2.0/ports?network_id=${networkId}&device_owner=compute:nova`)
  assert.deepEqual(ports.json.ports, [])
  assert.deepEqual(await driver.observe(), [])
})

test('a volume is attached and detached; the failing plug gives it back', async (t) => {
  const { make, nova, ask, settled, driver } = await start(t)
  const { id } = await make()
  const made = await ask('volume', 'member', 'POST', '/v3/volumes', { volume: { size: 1 } })
  await settled()
  const volumeId = (made.json.volume as { id: string }).id
  const status = async () =>
    ((await ask('volume', 'member', 'GET', `/v3/volumes/${volumeId}`)).json.volume as { status: string }).status
  const attach = () => nova('member', 'POST', `servers/${id}/os-volume_attachments`, { volumeAttachment: { volumeId } })
  driver.knobs.failNext('attachDisk', new TypeError('no slot'))
  assert.equal((await attach()).status, 200)
  await settled()
  assert.equal(await status(), 'available')
  assert.deepEqual((await nova('member', 'GET', `servers/${id}/os-volume_attachments`)).json, { volumeAttachments: [] })
  assert.equal((await attach()).status, 200)
  await settled()
  assert.equal(await status(), 'in-use')
  assert.deepEqual((await driver.observe())[0]!.disks, [volumeId])
  assert.equal((await nova('member', 'DELETE', `servers/${id}/os-volume_attachments/${volumeId}`)).status, 202)
  await settled()
  assert.equal(await status(), 'available')
  assert.deepEqual((await driver.observe())[0]!.disks, [])
})

test('a server boots from a volume made of an image, which goes with it where that was wished', async (t) => {
  const { make, nova, imageId, settled, ask, driver } = await start(t)
  const device = {
    source_type: 'image',
    destination_type: 'volume',
    uuid: imageId,
    boot_index: 0,
    volume_size: 1,
    delete_on_termination: true,
  }
  const row = await make({ imageRef: '', block_device_mapping_v2: [device] })
  assert.equal(row.status, 'ACTIVE', JSON.stringify(row.fault))
  assert.equal(row.image, '')
  const [attached] = row['os-extended-volumes:volumes_attached'] as Json[]
  assert.deepEqual((await driver.observe())[0]!.disks, [attached!.id])
  assert.equal((await nova('member', 'DELETE', `servers/${row.id}`)).status, 204)
  await settled()
  assert.equal((await ask('volume', 'admin', 'GET', `/v3/volumes/${attached!.id}`)).status, 404)
})

test('capacity is never oversubscribed; who finds no host is told the nearest miss', async (t) => {
  const { make, show } = await start(t, { inventory: { memoryMiB: 512 + 128 * 2, vcpus: 8 } })
  for (const name of ['a', 'b']) assert.equal((await make({ name })).status, 'ACTIVE')
  const third = await make({ name: 'c' }, 'admin')
  assert.equal(third.status, 'ERROR')
  const { message, details } = (await show(String(third.id))).fault as { message: string; details: string }
  assert.match(message, /No valid host was found/)
  assert.match(details, /memory/)
})

test('anti-affinity keeps members apart, and there is one host only', async (t) => {
  const { make, nova } = await start(t)
  const made = await nova('member', 'POST', 'os-server-groups', {
    server_group: { name: 'g', policy: 'anti-affinity' },
  })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const group = (made.json.server_group as { id: string }).id
  const create = async () => {
    const reply = await nova('member', 'POST', 'servers', {
      server: { name: 'm', imageRef: '', flavorRef: '0', networks: 'none' },
      'os:scheduler_hints': { group },
    })
    return reply.status
  }
  assert.equal(await create(), 400)
  assert.equal((await make()).status, 'ACTIVE')
})

test('an image is made of a server', async (t) => {
  const { make, nova, ask, settled } = await start(t)
  const { id } = await make()
  const made = await nova('member', 'POST', `servers/${id}/action`, {
    createImage: { name: 'snap', metadata: { a: 'b' } },
  })
  assert.equal(made.status, 202, JSON.stringify(made.body))
  await settled()
  const image = (await ask('image', 'member', 'GET', `/v2/images/${(made.json as { image_id: string }).image_id}`)).json
  assert.equal(image.status, 'active', JSON.stringify(image))
  assert.equal(image.a, 'b')
})

test('an interface is plugged in and out', async (t) => {
  const { make, nova, networkId, settled, driver } = await start(t)
  const { id } = await make({ networks: 'none' })
  const made = await nova('member', 'POST', `servers/${id}/os-interface`, {
    interfaceAttachment: { net_id: networkId },
  })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const port = (made.json.interfaceAttachment as { port_id: string }).port_id
  assert.deepEqual((await driver.observe())[0]!.nics, [port])
  assert.equal((await nova('member', 'DELETE', `servers/${id}/os-interface/${port}`)).status, 202)
  await settled()
  assert.deepEqual((await driver.observe())[0]!.nics, [])
  assert.deepEqual((await nova('member', 'GET', `servers/${id}/os-interface`)).json, { interfaceAttachments: [] })
})

test('guests nobody owns go, and servers whose guest ended are shut off', async (t) => {
  const { make, show, driver, assembly } = await start(t)
  const { id } = await make()
  await driver.launch({ id: 'stray', name: 'stray', vcpus: 1, memoryMiB: 1, disks: [], nics: [] })
  driver.happen(String(id), 'shutdown')
  await assembly.reconcilers.trigger('compute.guests')
  assert.deepEqual(
    (await driver.observe()).map((guest) => guest.id),
    [id],
  )
  assert.equal((await show(String(id))).status, 'SHUTOFF')
})

test('a guest learns about itself in both forms of metadata', async (t) => {
  const { make, ask } = await start(t)
  const { id } = await make({ user_data: Buffer.from('#!/bin/sh').toString('base64'), metadata: { role: 'db' } })
  const get = async (path: string) => {
    const asked = { server_id: id, method: 'GET', path, headers: {}, source_address: '10.1.0.5' }
    return (await ask('compute', 'service', 'POST', '/internal/metadata', asked)).json as {
      status: number
      body: string
    }
  }
  assert.equal(JSON.parse((await get('/openstack/latest/meta_data.json')).body).meta.role, 'db')
  assert.equal((await get('/openstack/latest/user_data')).body, '#!/bin/sh')
  assert.match((await get('/latest/meta-data/')).body, /instance-id/)
  assert.equal((await get('/latest/meta-data/hostname')).body, 'one')
  assert.equal((await get('/openstack/latest/nothing')).status, 404)
})

test('a dry run shows the job and leaves nothing', async (t) => {
  const { ask, imageId, networkId, nova } = await start(t)
  const body = { server: { name: 'dry', imageRef: imageId, flavorRef: '0', networks: [{ uuid: networkId }] } }
  const dry = await ask('compute', 'admin', 'POST', '/v2.1/servers', body, { 'cloudos-dry-run': 'true' })
  assert.equal(dry.status, 202, JSON.stringify(dry.body))
  assert.equal(dry.headers['cloudos-would-run'], 'server.create(ports launch settle)')
  assert.equal(dry.headers['cloudos-placement'], 'host1')
  assert.deepEqual((await nova('admin', 'GET', 'servers')).json, { servers: [] })
})

test('delete supersedes a creation that hangs', async (t) => {
  const { nova, imageId, networkId, settled, driver, assembly } = await start(t)
  driver.knobs.delayMs = 200
  const body = { server: { name: 'slow', imageRef: imageId, flavorRef: '0', networks: [{ uuid: networkId }] } }
  const { id } = (await nova('member', 'POST', 'servers', body)).json.server as { id: string }
  assert.equal((await nova('member', 'DELETE', `servers/${id}`)).status, 204)
  await settled()
  driver.knobs.delayMs = 0
  assert.equal((await nova('member', 'GET', `servers/${id}`)).status, 404)
  await assembly.reconcilers.trigger('compute.guests')
  assert.deepEqual(await driver.observe(), [])
})

for (const at of ['before', 'after'] as const)
  for (const step of ['disks', 'ports', 'launch', 'settle'])
    test(`a creation that fails ${at} '${step}' leaves no guest, port, volume or claim`, async (t) => {
      const { make, driver, ask, imageId, assembly, networkId } = await start(t)
      assembly.jobs.probe = (when, _, name, direction) => {
        if (when === at && name === step && direction === 'do') throw new TypeError('the step broke')
      }
      const device = {
        source_type: 'image',
        destination_type: 'volume',
        uuid: imageId,
        boot_index: 0,
        volume_size: 1,
      }
      const row = await make({ imageRef: '', block_device_mapping_v2: [device] })
      assert.equal(row.status, 'ERROR')
      assert.equal(row['OS-EXT-SRV-ATTR:host'], null)
      assert.deepEqual(await driver.observe(), [])
      const ports = await ask('network', 'admin', 'GET', `/v2.0/ports?network_id=${networkId}&device_id=${row.id}`)
      assert.deepEqual(ports.json.ports, [])
      assert.deepEqual((await ask('volume', 'member', 'GET', '/v3/volumes')).json.volumes, [])
    })
