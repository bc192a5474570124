// Consoles in a real browser: the pages connect, show what the guest shows, and what is typed reaches the guest.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { startCloud } from '../cloud/start-cloud.ts'
import { adminOf } from './client.ts'
import { build, tearDown } from './scenario.ts'

const chromium = ['/usr/lib/chromium/chromium', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)

test('consoles in a browser', { skip: !chromium && 'needs chromium' }, async (t) => {
  const cloud = await startCloud()
  t.after(() => cloud.close())
  const ask = await adminOf(cloud)
  const made = await build(ask)
  const console = async (protocol: string, type: string) => {
    const body = { remote_console: { protocol, type } }
    const reply = await ask('compute', 'POST', `/v2.1/servers/${made.server}/remote-consoles`, body, {
      'openstack-api-version': 'compute 2.96',
    })
    return (reply.body.remote_console as { url: string }).url
  }
  const page = await openPage(t)

  await page.visit(await console('serial', 'serial'))
  await page.until(`document.querySelector('#state').dataset.is === 'open'`)
  await page.type('hello guest')
  await page.until(`document.querySelector('#screen').textContent.includes('hello guest')`)

  await page.visit(await console('vnc', 'novnc'))
  await page.until(`document.querySelector('#state').dataset.is === 'open'`)
  // The simulated guest's screen is dark blue.
  await page.until(`(() => {
    const canvas = document.querySelector('#screen canvas')
    const [red, green, blue] = canvas.getContext('2d').getImageData(5, 5, 1, 1).data
    return blue > green && green > red
  })()`)
  assert.equal(await page.evaluate(`document.querySelector('#ended').hidden`), true)

  const address = await console('serial', 'serial')
  await page.visit(address)
  await page.until(`document.querySelector('#state').dataset.is === 'open'`)
  await tearDown(ask, made)
  await page.until(`!document.querySelector('#ended').hidden`)
  await page.visit(address.replace(/token=.*/, 'token=x'))
  await page.until(`document.body.textContent.includes('has expired')`)
  assert.deepEqual(page.complaints, [])
})

interface Page {
  visit(url: string): Promise<void>
  evaluate(expression: string): Promise<unknown>
  /** Waits until the expression is true in the page. */
  until(expression: string): Promise<void>
  type(text: string): Promise<void>
  /** Errors that the page's scripts ran into. */
  complaints: string[]
}

/** A page of a browser of its own, over the DevTools protocol; both end with the test. */
async function openPage(t: TestContext): Promise<Page> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-browser-'))
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--remote-debugging-port=0',
    `--user-data-dir=${folder}`,
  ]
  const browser = spawn(chromium!, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(async () => {
    browser.kill('SIGKILL')
    if (browser.exitCode === null && browser.signalCode === null) await once(browser, 'exit')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  let port = ''
  for await (const line of createInterface({ input: browser.stderr })) {
    port = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? ''
    if (port) break
  }
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    type: string
    webSocketDebuggerUrl: string
  }[]
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')!.webSocketDebuggerUrl)
  await once(socket, 'open')
  t.after(() => socket.terminate())
  const waiting = new Map<number, (result: Record<string, unknown>) => void>()
  const complaints: string[] = []
  let loaded = () => {}
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id) waiting.get(message.id)?.(message.result ?? {})
    else if (message.method === 'Page.loadEventFired') loaded()
    else if (message.method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(message.params))
  })
  let number = 0
  const send = (method: string, params: Record<string, unknown> = {}) =>
    new Promise<Record<string, unknown>>((resolve) => {
      number += 1
      waiting.set(number, resolve)
      socket.send(JSON.stringify({ id: number, method, params }))
    })
  const evaluate = async (expression: string) => {
    const { result } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    return (result as { value?: unknown }).value
  }
  await send('Page.enable')
  await send('Runtime.enable')
  return {
    complaints,
    evaluate,
    async visit(url) {
      const ready = new Promise<void>((resolve) => {
        loaded = resolve
      })
      await send('Page.navigate', { url })
      await ready
    },
    async until(expression) {
      const isTrue = await evaluate(`new Promise((resolve) => {
        const end = setTimeout(() => resolve(false), 20000)
        const look = () => { let is = false; try { is = ${expression} } catch {} ; if (is) { clearTimeout(end); resolve(true) } else requestAnimationFrame(look) }
        look()
      })`)
      assert.equal(isTrue, true, `the page never came to: ${expression}`)
    },
    async type(text) {
      for (const letter of text) await send('Input.dispatchKeyEvent', { type: 'keyDown', text: letter, key: letter })
    },
  }
}

interface Message {
  id?: number
  method?: string
  params?: unknown
  result?: Record<string, unknown>
}
