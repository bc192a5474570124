// Consoles: a token opens one console of one server, the page and its modules are served, nothing else is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RawRequest } from '../../../eden/http/request.ts'
import { computeTestCloud } from '../testing.ts'
import { connectConsole } from './connect.ts'

test('a console opens with its token and with no other', async (t) => {
  const cloud = await computeTestCloud()
  t.after(() => cloud.close())
  const { id } = await cloud.make()
  const made = await cloud.nova('member', 'POST', `servers/${id}/remote-consoles`, {
    remote_console: { protocol: 'vnc', type: 'novnc' },
  })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const url = new URL((made.json.remote_console as { url: string }).url)
  const get = (path: string) => cloud.ask('compute', '', 'GET', path)
  const page = await get(url.pathname + url.search)
  assert.equal(page.status, 200)
  assert.match(String(page.body), /novnc\/core\/rfb\.js/)
  const module = await get('/console/novnc/core/rfb.js')
  assert.equal(module.status, 200)
  ;(module.body as { destroy(): void }).destroy()
  for (const path of [
    '/console/novnc/package.json',
    '/console/novnc/..%2f..%2f..%2fpackage.json',
    '/console/vnc?token=x',
  ])
    assert.equal((await get(path)).status, 404, path)
  const request = (path: string) => ({ url: path }) as RawRequest
  const stream = await connectConsole(cloud.context, request(`/console/vnc/ws${url.search}`))
  const [first] = await new Promise<Buffer[]>((resolve) => stream.once('data', (data: Buffer) => resolve([data])))
  assert.match(first!.toString('latin1'), /^RFB 003/)
  stream.destroy()
  for (const wrong of ['/console/vnc/ws?token=x', `/console/serial/ws${url.search}`])
    await assert.rejects(connectConsole(cloud.context, request(wrong)), { status: 403 })
})
