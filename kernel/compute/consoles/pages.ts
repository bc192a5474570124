// The pages that show a console in a browser, and the files they are made of.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import type { Call } from '../../../eden/call.ts'
import { notFound } from '../../../eden/errors.ts'
import { type Input, ok, reply } from '../../../eden/http/request.ts'
import { projectRoot } from '../../../eden/root.ts'
import { everyone } from '../../../eden/store/rows.ts'
import { type ComputeContext, type ComputeRoute, plainRoute } from '../context.ts'
import { server } from '../servers/server.ts'
import { findToken } from './open.ts'

const shell = (title: string, body: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  html, body { margin: 0; height: 100%; background: #16181d; color: #e8e8ea; font: 15px/1.4 system-ui, sans-serif }
  body { display: flex; flex-direction: column }
  header { padding: .4rem .8rem; display: flex; gap: 1rem; align-items: center; background: #23262e }
  header strong { font-weight: 600 }
  header span { flex: 1; opacity: .8 }
  main { flex: 1; min-height: 0 }
  pre { margin: 0; padding: .8rem; height: 100%; box-sizing: border-box; overflow: auto; font: 14px/1.3 ui-monospace, monospace; white-space: pre-wrap; outline: none }
  button { font: inherit; padding: .2rem .7rem }
</style>
${body}
</html>
`

const escaped = (text: string) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

/** Addresses are relative, so that the page works behind a front door's path as well. */
const socketOf = (kind: string) => `
    const address = new URL('${kind}/ws' + location.search, location.href)
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    const say = (text) => { document.querySelector('#state').textContent = text }`

const vncPage = (name: string) =>
  shell(
    `${name} – console`,
    `<header><strong>${name}</strong><span id="state" role="status">Connecting…</span><button id="keys">Ctrl+Alt+Del</button></header>
<main id="screen"></main>
<script type="module">
    import RFB from './novnc/core/rfb.js'${socketOf('vnc')}
    const rfb = new RFB(document.querySelector('#screen'), address.href)
    rfb.scaleViewport = true
    rfb.focusOnClick = true
    rfb.addEventListener('connect', () => say('Connected'))
    rfb.addEventListener('disconnect', () => say('Disconnected. Ask for a new console to go on.'))
    document.querySelector('#keys').addEventListener('click', () => rfb.sendCtrlAltDel())
</script>`,
  )

const serialPage = (name: string) =>
  shell(
    `${name} – serial console`,
    `<header><strong>${name}</strong><span id="state" role="status">Connecting…</span></header>
<main><pre id="screen" tabindex="0" aria-label="Serial console"></pre></main>
<script type="module">${socketOf('serial')}
    const screen = document.querySelector('#screen')
    const socket = new WebSocket(address.href, ['binary'])
    socket.binaryType = 'arraybuffer'
    const decoder = new TextDecoder()
    const encoder = new TextEncoder()
    const show = (text) => {
      const plain = text.replace(/\\x1b\\[[0-9;?]*[A-Za-z]|\\x1b[()][A-B0-2]|\\x07/g, '').replace(/\\r\\n/g, '\\n')
      for (const letter of plain) {
        if (letter === '\\b' || letter === '\\x7f') screen.textContent = screen.textContent.slice(0, -1)
        else if (letter !== '\\r') screen.append(letter)
      }
      screen.scrollTop = screen.scrollHeight
    }
    socket.addEventListener('open', () => { say('Connected'); screen.focus() })
    socket.addEventListener('close', () => say('Disconnected. Ask for a new console to go on.'))
    socket.addEventListener('message', ({ data }) => show(typeof data === 'string' ? data : decoder.decode(data, { stream: true })))
    const send = (text) => socket.readyState === 1 && socket.send(encoder.encode(text))
    const named = { Enter: '\\r', Backspace: '\\x7f', Tab: '\\t', Escape: '\\x1b', ArrowUp: '\\x1b[A', ArrowDown: '\\x1b[B', ArrowRight: '\\x1b[C', ArrowLeft: '\\x1b[D' }
    screen.addEventListener('keydown', (event) => {
      const { key, ctrlKey, metaKey, altKey } = event
      if (metaKey || altKey) return
      const text = named[key] ?? (ctrlKey && /^[a-z]$/i.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) - 64) : key.length === 1 ? key : undefined)
      if (text === undefined || (ctrlKey && key === 'v')) return
      event.preventDefault()
      send(text)
    })
    screen.addEventListener('paste', (event) => send(event.clipboardData.getData('text')))
</script>`,
  )

const page =
  (kind: 'vnc' | 'serial') =>
  async (context: ComputeContext, call: Call, { query }: Input) => {
    const token = await findToken(context, query.token ?? '')
    if (token?.kind !== kind) throw notFound('This console address has expired or never was; ask for a new one.')
    const row = await call.rows(server, everyone('who holds the token may use it')).get(token.serverId)
    return ok(kind === 'vnc' ? vncPage(escaped(row.name)) : serialPage(escaped(row.name)), {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy':
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:",
    })
  }

const root = join(projectRoot, 'node_modules/@novnc/novnc')
const types: Record<string, string> = { '.js': 'text/javascript', '.json': 'application/json' }

/** A file below noVNC's own folders, and nothing else. */
async function novncFile(_: ComputeContext, __: Call, { params }: Input) {
  const path = normalize(join(root, params['*'] ?? ''))
  const type = types[extname(path)]
  const isOurs = path.startsWith(join(root, 'core') + sep) || path.startsWith(join(root, 'vendor') + sep)
  if (!isOurs || !type || params['*']!.includes('\0')) throw notFound('There is no such file.')
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw notFound('There is no such file.')
  return reply(200, createReadStream(path), { 'content-type': type, 'cache-control': 'public, max-age=86400' })
}

const open = { token: 'none' } as const

export const consolePageRoutes: ComputeRoute[] = [
  plainRoute('GET', '/console/vnc', page('vnc'), open),
  plainRoute('GET', '/console/serial', page('serial'), open),
  plainRoute('GET', '/console/novnc/*', novncFile, open),
]
