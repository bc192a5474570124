// What the console pages share: their frame, their look, and what is said when a connection ends.

export const escaped = (text: string) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

const style = `
  :root { color-scheme: dark; --line: #33363f; --soft: #a4a9b6; --accent: #6ea8fe }
  * { box-sizing: border-box }
  html, body { margin: 0; height: 100%; overflow: hidden; background: #0f1115; color: #e6e8ec; font: 14px/1.45 system-ui, sans-serif }
  body { display: flex; flex-direction: column }
  header { display: flex; flex: none; gap: .5rem; align-items: center; padding: .35rem .6rem .35rem .9rem; background: #181b22; border-bottom: 1px solid var(--line) }
  header strong { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600 }
  #state { flex: 1; color: var(--soft); white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
  #state::before { content: ''; display: inline-block; width: .55em; height: .55em; margin: 0 .5em; border-radius: 50%; background: #d9a03a }
  #state[data-is=open]::before { background: #4fb477 }
  #state[data-is=closed]::before { background: #e06c6c }
  button { font: inherit; color: inherit; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 5px; background: #23272f; cursor: pointer; white-space: nowrap }
  button:hover { background: #2c313b }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
  main { position: relative; flex: 1; min-height: 0 }
  code, textarea { font: .95em ui-monospace, monospace }
  .card { max-width: 34rem; padding: 1.2rem 1.5rem; border: 1px solid var(--line); border-radius: 10px; background: #181b22 }
  .card h1 { margin: 0 0 .5rem; font-size: 1.1rem }
  .card p { margin: .4rem 0 1rem; color: var(--soft) }
  .card code { color: #e6e8ec; overflow-wrap: anywhere }
  #ended { position: absolute; inset: 0; display: grid; place-items: center; padding: 1rem; background: #0f1115c9 }
  [hidden] { display: none !important }
  dialog { color: inherit; max-width: 34rem; width: calc(100% - 2rem) }
  dialog::backdrop { background: #0f1115c9 }
  dialog textarea { width: 100%; height: 8rem; margin-bottom: .8rem; color: inherit; background: #0f1115; border: 1px solid var(--line); border-radius: 5px; padding: .5rem }`

export const shell = (title: string, body: string, extraStyle = '') => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}${extraStyle}
</style>
${body}
</html>
`

export const header = (name: string, buttons: string) =>
  `<header><strong>${name}</strong><span id="state" role="status">Connecting…</span>${buttons}<button id="full">Full screen</button></header>`

const command = (name: string, kind: 'vnc' | 'serial') =>
  `openstack console url show ${kind === 'serial' ? '--serial ' : ''}${name}`

export const ended = (name: string, kind: 'vnc' | 'serial') => `<div id="ended" hidden><div class="card" role="alert">
  <h1></h1><p id="why"></p>
  <p>An address works for a short time only; a new one comes from<br><code>${command(name, kind)}</code></p>
  <button id="again">Connect again</button>
</div></div>`

/** Addresses are relative, so that the page works behind a front door's path as well. */
export const connection = (kind: 'vnc' | 'serial') => `
    const find = (selector) => document.querySelector(selector)
    const address = new URL('${kind}/ws' + location.search, location.href)
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    let wasOpen = false
    const say = (is, text) => { find('#state').dataset.is = is; find('#state').textContent = text }
    const opened = () => { wasOpen = true; say('open', 'Connected') }
    const closed = () => {
      say('closed', 'Disconnected')
      find('#ended h1').textContent = wasOpen ? 'The connection has ended' : 'The console cannot be reached'
      find('#why').textContent = wasOpen
        ? 'The server was stopped, started anew or deleted, or the network broke. Start the server if it is off, then connect again.'
        : 'The server may be off, or its host may be out of reach. See that the server is ACTIVE, then connect again.'
      find('#ended').hidden = false
      find('#again').focus()
    }
    find('#again').addEventListener('click', () => location.reload())
    find('#full').addEventListener('click', () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())`

/** For an address that has expired: what a person sees in place of an error document. */
export const expiredPage = (kind: 'vnc' | 'serial') =>
  shell(
    'Console – expired',
    `<main style="display: grid; place-items: center; padding: 1rem"><div class="card"><h1>This console address has expired</h1>
<p>It worked for a short time, or it was never given out. Ask for a new one:</p><code>${command('SERVER', kind)}</code></div></main>`,
  )
