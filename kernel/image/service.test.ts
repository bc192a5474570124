// The image service as clients meet it, on a simulated store.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { SimulatedImageStore } from '../../drivers/image/simulated/simulated-image-store.ts'
import { everyone } from '../../eden/store/rows.ts'
import { otherProject, testCloud } from '../../eden/testing.ts'
import type { ImageContext } from './context.ts'
import { image } from './images/image.ts'
import { imageService } from './service.ts'

const bytesType = { 'content-type': 'application/octet-stream' }
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
const content = Buffer.alloc(1500, 'a guest disk ')

async function start(t: TestContext, config: Record<string, unknown> = {}) {
  const store = new SimulatedImageStore()
  const cloud = await testCloud({
    services: [imageService],
    gifts: { 'image.store': store },
    settings: { plan: { image: config } },
  })
  t.after(() => cloud.close())
  const ask = (persona: string, method: string, url: string, body?: unknown, headers?: Record<string, string>) =>
    cloud.ask('image', persona, method, url, body, headers)
  const make = async (persona: string, more: Record<string, unknown> = {}) => {
    const body = { name: 'tiny', disk_format: 'raw', container_format: 'bare', ...more }
    const made = await ask(persona, 'POST', '/v2/images', body)
    assert.equal(made.status, 201, JSON.stringify(made.body))
    return made.json.id as string
  }
  const filled = async (persona: string, more: Record<string, unknown> = {}) => {
    const id = await make(persona, more)
    const put = await ask(persona, 'PUT', `/v2/images/${id}/file`, content, bytesType)
    assert.equal(put.status, 204, JSON.stringify(put.body))
    return id
  }
  const ids = async (persona: string, query = '') =>
    ((await ask(persona, 'GET', `/v2/images${query}`)).json.images as { id: string }[]).map(({ id }) => id)
  const context = cloud.assembly.contexts.get('image') as ImageContext
  return { ...cloud, store, ask, make, filled, ids, context }
}

test('an image is made, filled, shown with its sums, downloaded whole and in part, and deleted', async (t) => {
  const { ask, make, store, settled } = await start(t)
  const id = await make('member', { kernel_id: 'k', tags: ['a', 'a', 'b'] })
  assert.equal((await ask('member', 'GET', `/v2/images/${id}/file`)).status, 204)
  assert.equal((await ask('member', 'PUT', `/v2/images/${id}/file`, content, bytesType)).status, 204)
  const { json } = await ask('member', 'GET', `/v2/images/${id}`)
  assert.equal(json.status, 'active')
  assert.equal(json.size, content.length)
  assert.equal(json.checksum, createHash('md5').update(content).digest('hex'))
  assert.equal(json.os_hash_value, createHash('sha512').update(content).digest('hex'))
  assert.deepEqual([json.kernel_id, json.tags, json.visibility], ['k', ['a', 'b'], 'shared'])
  assert.match(String(json.created_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const whole = await ask('member', 'GET', `/v2/images/${id}/file`)
  assert.equal(whole.headers['content-md5'], json.checksum)
  assert.deepEqual(await buffer(whole.body as Readable), content)
  const part = await ask('member', 'GET', `/v2/images/${id}/file`, undefined, { range: 'bytes=2-5' })
  assert.equal(part.status, 206)
  assert.equal(part.headers['content-range'], `bytes 2-5/${content.length}`)
  assert.deepEqual(await buffer(part.body as Readable), content.subarray(2, 6))
  assert.equal((await ask('member', 'GET', `/v2/images/${id}/file`, undefined, { range: 'bytes=9999-' })).status, 416)
  assert.equal((await ask('member', 'PUT', `/v2/images/${id}/file`, content, bytesType)).status, 409)
  assert.equal((await ask('member', 'DELETE', `/v2/images/${id}`)).status, 204)
  assert.equal((await ask('member', 'GET', `/v2/images/${id}`)).status, 404)
  await settled()
  assert.deepEqual(await store.list(), [])
})

test('an upload that breaks off, is hostile, of another format or too large leaves a queued image and nothing stored', async (t) => {
  const { ask, make, store } = await start(t, { maxImageSize: '4KiB' })
  const qcow2 = Buffer.alloc(1024)
  qcow2.write('QFI\xfb', 'latin1')
  qcow2.writeUInt32BE(3, 4)
  const broken = new Readable({
    read() {
      this.push(content)
      this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    },
  })
  for (const [body, format, status] of [
    [broken, 'raw', 400],
    [qcow2, 'raw', 415],
    [content, 'qcow2', 415],
    [Buffer.alloc(5000), 'raw', 413],
  ] as const) {
    const id = await make('member', { disk_format: format })
    const put = await ask('member', 'PUT', `/v2/images/${id}/file`, body, bytesType)
    assert.equal(put.status, status, JSON.stringify(put.body))
    assert.equal((await ask('member', 'GET', `/v2/images/${id}`)).json.status, 'queued')
    assert.deepEqual(await store.list(), [])
  }
})

test('a failing store is 503 and the image can be uploaded again', async (t) => {
  const { ask, make, store } = await start(t)
  const id = await make('member')
  store.failNext('put', new Error('the disk is on fire'))
  assert.equal((await ask('member', 'PUT', `/v2/images/${id}/file`, content, bytesType)).status, 503)
  assert.equal((await ask('member', 'PUT', `/v2/images/${id}/file`, content, bytesType)).status, 204)
})

test('what a crash leaves in the middle of an upload is healed: queued again, stray bytes gone', async (t) => {
  const { ask, make, store, assembly, context } = await start(t)
  const id = await make('member')
  const call = assembly.cloudCall('image')
  await store.put('0b5e1a52-5b9d-4b8b-8a9e-5c9b3b4a9c11', Readable.from([content]))
  await call.transaction(async (tx) => {
    const rows = tx.rows(image, everyone('test'))
    await rows.change(id, {
      status: 'saving',
      storeKey: '0b5e1a52-5b9d-4b8b-8a9e-5c9b3b4a9c11',
      receiver: `${context.receiver}-before`,
      receiverSeenAt: new Date().toISOString(),
    })
  })
  await assembly.reconcilers.trigger('image.uploads')
  await assembly.reconcilers.trigger('image.strays')
  assert.equal((await ask('member', 'GET', `/v2/images/${id}`)).json.status, 'queued')
  assert.deepEqual(await store.list(), [])
  assert.equal((await ask('member', 'PUT', `/v2/images/${id}/file`, content, bytesType)).status, 204)
})

test('patches change, add and remove; what is read-only, reserved or missing is refused', async (t) => {
  const { ask, make } = await start(t)
  const id = await make('member', { os_distro: 'debian' })
  const patch = (persona: string, ops: unknown, headers = patchType) =>
    ask(persona, 'PATCH', `/v2/images/${id}`, ops, headers)
  const changed = await patch('member', [
    { op: 'replace', path: '/name', value: 'new' },
    { op: 'add', path: '/a~1b', value: 'c' },
    { op: 'remove', path: '/os_distro' },
    { op: 'replace', path: '/tags', value: ['x'] },
  ])
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  assert.deepEqual([changed.json.name, changed.json['a/b'], changed.json.os_distro], ['new', 'c', undefined])
  const old = { 'content-type': 'application/openstack-images-v2.0-json-patch' }
  assert.equal((await patch('member', [{ replace: '/name', value: 'old' }], old)).json.name, 'old')
  for (const [op, status] of [
    [{ op: 'replace', path: '/status', value: 'active' }, 403],
    [{ op: 'add', path: '/os_glance_x', value: 'y' }, 403],
    [{ op: 'remove', path: '/nothing' }, 409],
    [{ op: 'remove', path: '/name' }, 403],
    [{ op: 'add', path: '/colour', value: 5 }, 400],
    [{ op: 'replace', path: '/disk_format', value: 'floppy' }, 400],
    [{ op: 'replace', path: '/visibility', value: 'public' }, 403],
  ] as const)
    assert.equal((await patch('member', [op])).status, status, JSON.stringify(op))
  assert.equal((await patch('stranger', [])).status, 404)
  assert.equal((await patch('reader', [{ op: 'replace', path: '/name', value: 'n' }])).status, 403)
  assert.equal((await patch('member', [], { 'content-type': 'application/json' })).status, 415)
})

test('visibility decides who lists, sees and changes an image', async (t) => {
  const { ask, make, ids } = await start(t)
  const byVisibility = {
    public: await make('admin', { visibility: 'public' }),
    community: await make('member', { visibility: 'community' }),
    shared: await make('member', { visibility: 'shared' }),
    private: await make('member', { visibility: 'private' }),
  }
  assert.deepEqual(await ids('stranger'), [byVisibility.public])
  assert.deepEqual(await ids('stranger', '?visibility=community'), [byVisibility.community])
  assert.equal((await ask('stranger', 'GET', `/v2/images/${byVisibility.community}`)).status, 200)
  assert.equal((await ask('stranger', 'GET', `/v2/images/${byVisibility.private}`)).status, 404)
  assert.equal((await ask('stranger', 'DELETE', `/v2/images/${byVisibility.public}`)).status, 403)
  const members = `/v2/images/${byVisibility.shared}/members`
  assert.equal((await ask('member', 'POST', members, { member: otherProject })).json.status, 'pending')
  assert.equal((await ask('member', 'POST', members, { member: otherProject })).status, 409)
  assert.deepEqual(await ids('stranger'), [byVisibility.public])
  assert.deepEqual(await ids('stranger', '?visibility=shared&member_status=pending'), [byVisibility.shared])
  assert.equal((await ask('member', 'PUT', `${members}/${otherProject}`, { status: 'accepted' })).status, 403)
  assert.equal((await ask('stranger', 'PUT', `${members}/${otherProject}`, { status: 'maybe' })).status, 400)
  assert.equal(
    (await ask('stranger', 'PUT', `${members}/${otherProject}`, { status: 'accepted' })).json.status,
    'accepted',
  )
  assert.deepEqual(new Set(await ids('stranger')), new Set([byVisibility.public, byVisibility.shared]))
  assert.equal((await ask('member', 'DELETE', `${members}/${otherProject}`)).status, 204)
  assert.deepEqual(await ids('stranger'), [byVisibility.public])
})

test('lists filter by fields, tags, sizes and custom properties, and page', async (t) => {
  const { ask, make, filled, ids } = await start(t)
  const a = await filled('member', { name: 'a', tags: ['x'], os_distro: 'debian' })
  const b = await make('member', { name: 'b%', tags: ['x', 'y"z'], os_distro: 'debian_' })
  const c = await make('member', { name: 'c', os_hidden: true })
  for (const [query, expected] of [
    ['?name=a', [a]],
    ['?name=in:a,c', [a]],
    ['?tag=x&sort=name:asc', [a, b]],
    [`?tag=x&tag=${encodeURIComponent('y"z')}`, [b]],
    ['?os_distro=debian', [a]],
    ['?os_hidden=true', [c]],
    ['?size_min=1&size_max=1500', [a]],
    ['?status=queued', [b]],
    ['?created_at=gt:2000-01-01T00:00:00Z&sort_key=name&sort_dir=desc', [b, a]],
    ['?protected=true', []],
  ] as const)
    assert.deepEqual(await ids('member', query), expected, query)
  const page = (await ask('member', 'GET', '/v2/images?limit=1&sort=name:asc')).json
  assert.deepEqual(
    [page.first, page.next],
    ['/v2/images?limit=1&sort=name%3Aasc', `/v2/images?limit=1&sort=name%3Aasc&marker=${a}`],
  )
  assert.deepEqual(await ids('member', `?limit=1&sort=name:asc&marker=${a}`), [b])
  for (const query of ['?marker=none', '?sort_key=colour', '?limit=x', '?visibility=nobody', '?size_min=-1'])
    assert.equal((await ask('member', 'GET', `/v2/images${query}`)).status, 400, query)
})

test('protected images stay, deactivated ones are not given out', async (t) => {
  const { ask, filled } = await start(t)
  const id = await filled('member', { protected: true })
  assert.equal((await ask('member', 'DELETE', `/v2/images/${id}`)).status, 403)
  assert.equal((await ask('member', 'POST', `/v2/images/${id}/actions/deactivate`)).status, 204)
  assert.equal((await ask('member', 'GET', `/v2/images/${id}/file`)).status, 403)
  assert.equal((await ask('member', 'POST', `/v2/images/${id}/actions/reactivate`)).status, 204)
  assert.equal((await ask('member', 'GET', `/v2/images/${id}/file`)).status, 200)
})

test('staged bytes are imported, and the task tells', async (t) => {
  const { ask, make, settled } = await start(t)
  const id = await make('member')
  assert.equal(
    (await ask('member', 'POST', `/v2/images/${id}/import`, { method: { name: 'glance-direct' } })).status,
    409,
  )
  assert.equal((await ask('member', 'PUT', `/v2/images/${id}/stage`, content, bytesType)).status, 204)
  assert.equal((await ask('member', 'GET', `/v2/images/${id}`)).json.status, 'uploading')
  assert.equal(
    (await ask('member', 'POST', `/v2/images/${id}/import`, { method: { name: 'glance-direct' } })).status,
    202,
  )
  await settled()
  const { json } = await ask('member', 'GET', `/v2/images/${id}`)
  assert.deepEqual([json.status, json.size, json.stores], ['active', content.length, 'simulated'])
  const [task] = (await ask('member', 'GET', `/v2/images/${id}/tasks`)).json.tasks as { status: string }[]
  assert.equal(task!.status, 'success')
})

test('an image is imported from the web, but not from inside unless that is allowed', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/image' }).end()
    else if (request.url === '/image') response.end(content)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const [allowed, path, status] of [
    [true, '/moved', 'active'],
    [true, '/none', 'queued'],
    [false, '/image', 'queued'],
  ] as const) {
    const { ask, make, settled, store } = await start(t, { importFromPrivateAddresses: allowed })
    const id = await make('member')
    const body = { method: { name: 'web-download', uri: origin + path } }
    assert.equal((await ask('member', 'POST', `/v2/images/${id}/import`, body)).status, 202)
    await settled()
    const { json } = await ask('member', 'GET', `/v2/images/${id}`)
    assert.equal(json.status, status, path)
    assert.equal(json.os_glance_failed_import, status === 'active' ? '' : 'simulated')
    assert.equal((await store.list()).length, status === 'active' ? 1 : 0)
  }
})

for (const at of ['before', 'after'] as const)
  for (const step of ['begin', 'fetch', 'settle'])
    test(`an import that fails ${at} '${step}' ends queued with nothing stored`, async (t) => {
      const { ask, make, settled, store, assembly } = await start(t)
      assembly.jobs.probe = (when, _, name, direction) => {
        if (when === at && name === step && direction === 'do') throw new TypeError('broken on purpose')
      }
      const id = await make('member')
      await ask('member', 'PUT', `/v2/images/${id}/stage`, content, bytesType)
      await ask('member', 'POST', `/v2/images/${id}/import`, { method: { name: 'glance-direct' } })
      await settled()
      assert.equal((await ask('member', 'GET', `/v2/images/${id}`)).json.status, 'queued')
      assert.deepEqual(await store.list(), [])
    })

test('versions, schemas, stores and the internal location', async (t) => {
  const { ask, filled } = await start(t)
  const versions = await ask('', 'GET', '/')
  assert.equal(versions.status, 300)
  assert.equal((versions.json.versions as { status: string }[])[0]!.status, 'CURRENT')
  for (const name of ['image', 'images', 'members', 'task', 'metadefs/namespace'])
    assert.equal((await ask('member', 'GET', `/v2/schemas/${name}`)).status, 200, name)
  assert.equal((await ask('member', 'GET', '/v2/schemas/toString')).status, 404)
  const id = await filled('member')
  assert.deepEqual((await ask('service', 'GET', `/internal/images/${id}/location`)).json, { path: null })
  assert.equal((await ask('member', 'GET', `/internal/images/${id}/location`)).status, 403)
})
