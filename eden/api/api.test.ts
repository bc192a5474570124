// Eden's own service: the log of changes as pages, history and stream; jobs; services; webhooks; documents.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { testCloud, testProject } from '../testing.ts'
import { edenService } from './service.ts'

const start = async (t: { after(fn: () => Promise<void>): void }, config = {}) => {
  const cloud = await testCloud({ services: [edenService], settings: { plan: { eden: config } } })
  t.after(() => cloud.close())
  return cloud
}
const base = `/eden/1/${testProject}`
const secret = 'a-secret-of-some-length'
const makeHook = (cloud: Awaited<ReturnType<typeof start>>, url: string, types: string[] = []) =>
  cloud.ask('eden', 'member', 'POST', `${base}/webhooks`, { webhook: { url, secret, types } })

test('a history tells what became of a resource, and its state as of a time; secrets never show', async (t) => {
  const cloud = await start(t)
  const made = await makeHook(cloud, 'https://example.test/a')
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id } = made.json.webhook as { id: string }
  await cloud.ask('eden', 'member', 'PATCH', `${base}/webhooks/${id}`, { webhook: { enabled: false } })
  const { json } = await cloud.ask('eden', 'member', 'GET', `${base}/history/webhook/${id}`)
  const history = json.history as { action: string; at: string; after: { enabled: boolean } }[]
  assert.deepEqual(
    history.map(({ action, after }) => [action, after.enabled]),
    [
      ['create', true],
      ['update', false],
    ],
  )
  assert.ok(!JSON.stringify([history, made.body]).includes(secret))
  const asOf = await cloud.ask('eden', 'member', 'GET', `${base}/history/webhook/${id}?at=${history[0]!.at}`)
  assert.equal((asOf.json.state as { enabled: boolean }).enabled, history[0]!.at !== history[1]!.at)
  assert.equal((await cloud.ask('eden', 'stranger', 'GET', `/eden/1/${testProject}/history/webhook/${id}`)).status, 403)
})

test('a stream resumes after the last number without loss or repeat, and shows own changes only', async (t) => {
  const cloud = await start(t)
  for (const n of [1, 2, 3]) await makeHook(cloud, `https://example.test/${n}`)
  const seen: number[] = []
  const read = async (since: number, count: number, persona = 'member', tenant = testProject) => {
    const reply = await cloud.ask('eden', persona, 'GET', `/eden/1/${tenant}/events?since=${since}`)
    assert.equal(reply.status, 200)
    const stream = reply.body as Readable
    let text = ''
    for await (const chunk of stream) {
      text += String(chunk)
      if ([...text.matchAll(/^data: /gm)].length >= count) break
    }
    return [...text.matchAll(/^id: (\d+)\nevent/gm)].map(([, id]) => Number(id))
  }
  seen.push(...(await read(0, 2)))
  const later = read(seen[1]!, 2)
  await makeHook(cloud, 'https://example.test/4')
  seen.push(...(await later))
  assert.equal(new Set(seen).size, seen.length)
  const page = await cloud.ask('eden', 'member', 'GET', `${base}/changes`)
  assert.deepEqual(seen.slice(0, 4), (page.json.changes as { seq: number }[]).map(({ seq }) => seq).slice(0, 4))
  const foreign = await cloud.ask('eden', 'stranger', 'GET', '/eden/1/22222222222222222222222222222222/changes')
  assert.deepEqual(foreign.json.changes, [])
})

test('a webhook gets each change once, signed; one that points inward is refused until allowed', async (t) => {
  const heard: { body: string; signature: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      heard.push({ body, signature: String(request.headers['cloudos-signature']) })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  for (const allowed of [false, true]) {
    const cloud = await start(t, { webhooksMayPointInward: allowed })
    const hook = (await makeHook(cloud, url, ['webhook'])).json.webhook as { id: string }
    await makeHook(cloud, 'http://[::1]:1/')
    await cloud.assembly.reconcilers.trigger('eden.webhooks')
    const shown = (await cloud.ask('eden', 'member', 'GET', `${base}/webhooks/${hook.id}`)).json.webhook as {
      failures: number
      last_error: string
    }
    if (!allowed) assert.match(shown.last_error, /inside the cloud/)
    else assert.equal(shown.failures, 0)
  }
  const first = heard[0]!
  assert.equal(first.signature, `sha256=${createHmac('sha256', secret).update(first.body).digest('hex')}`)
  const seqs = heard.flatMap(({ body }) =>
    (JSON.parse(body) as { changes: { seq: number }[] }).changes.map(({ seq }) => seq),
  )
  assert.equal(new Set(seqs).size, seqs.length)
})

for (const [says, persona, method, path, status] of [
  ['services are for administrators', 'member', 'GET', '/eden/1/service_list', 403],
  ['administrators see services', 'admin', 'GET', '/eden/1/service_list', 200],
  ['jobs of another project', 'stranger', 'GET', `${base}/job_list`, 403],
  ['own jobs', 'reader', 'GET', `${base}/job_list`, 200],
  ['a job that is not there', 'reader', 'GET', `${base}/job_list/77`, 404],
  ['readers make no webhooks', 'reader', 'POST', `${base}/webhooks`, 403],
  ['an API description', 'nobody', 'GET', '/eden/1/openapi/eden', 200],
  ['of what is not there', 'nobody', 'GET', '/eden/1/openapi/moon', 404],
] as const)
  test(`${says}: ${status}`, async (t) => {
    const cloud = await start(t)
    assert.equal((await cloud.ask('eden', persona, method, path)).status, status)
  })

test('a refusal says which role would help', async (t) => {
  const cloud = await start(t)
  const { json } = await cloud.ask('eden', 'reader', 'POST', '/eden/1/explain', { rule: 'eden:edit_webhooks' })
  assert.match(JSON.stringify(json.explanation), /member/)
  const refused = await cloud.ask('eden', 'reader', 'POST', `${base}/webhooks`, {}, { 'cloudos-explain': 'true' })
  assert.match(String(refused.headers['cloudos-reason']), /member/)
})
