// The page that shows a guest's serial line: a terminal of 80 by 24 letters, as large as the window allows.
import { connection, ended, header, shell } from './shell.ts'
import { Terminal } from './terminal.ts'

const colours =
  '#2e3440 #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #d7dae0 #6b7280 #ff8a93 #b5e08f #ffd98a #8cc8ff #e09bf0 #7fd8e2 #ffffff'.split(
    ' ',
  )

const style = `
  #screen { position: absolute; inset: 0; overflow-y: auto; padding: .6rem .9rem; outline: none; font: 15px/1.25 ui-monospace, 'DejaVu Sans Mono', monospace; white-space: pre }
  #screen div { min-height: 1.25em }
  .cursor { outline: 1px solid #e6e8ec } #screen:focus .cursor { background: #e6e8ec; color: #0f1115 }
  .bold { font-weight: 700 } .under { text-decoration: underline }
  .fback { color: #0f1115 } .gfront { background: #e6e8ec } .gback { background: #0f1115 } .ffront { color: #e6e8ec }
  ${colours.map((colour, i) => `.f${i} { color: ${colour} } .g${i} { background: ${colour} }`).join('\n  ')}`

/** @param name of the server, escaped. */
export const serialPage = (name: string) =>
  shell(
    `${name} – serial console`,
    `${header(name, '')}
<main><div id="screen" tabindex="0" role="textbox" aria-multiline="true" aria-label="Serial console"></div>${ended(name, 'serial')}</main>
<script type="module">${connection('serial')}
    const Terminal = ${Terminal.toString()}
    const screen = find('#screen')
    const encoder = new TextEncoder()
    const decoder = new TextDecoder()
    const socket = new WebSocket(address.href, ['binary'])
    socket.binaryType = 'arraybuffer'
    const send = (text) => socket.readyState === 1 && socket.send(encoder.encode(text))
    const terminal = new Terminal(send)

    const line = (cells, cursorAt) => {
      const row = document.createElement('div')
      const marked = cells.map((cell, i) => i === cursorAt ? { ...cell, style: cell.style + ' cursor' } : cell)
      for (const { letter, style } of terminal.stretches(marked)) {
        const span = document.createElement('span')
        span.className = style
        span.textContent = letter
        row.append(span)
      }
      return row
    }
    let last = []
    let isDue = false
    // Rows that scrolled off are painted once; the rows of the screen each time.
    const paint = () => {
      isDue = false
      const isAtEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 30
      for (const row of last) row.remove()
      screen.append(...terminal.past.splice(0).map((cells) => line(cells)))
      while (screen.childElementCount > 2000) screen.firstElementChild.remove()
      last = terminal.screen.map((cells, i) => line(cells, terminal.isCursorShown && i === terminal.row ? terminal.column : -1))
      screen.append(...last)
      if (isAtEnd) screen.scrollTop = screen.scrollHeight
    }
    const due = () => { if (!isDue) { isDue = true; requestAnimationFrame(paint) } }
    const fit = () => {
      const wide = (screen.clientWidth - 32) / (80 * 0.605)
      const high = (screen.clientHeight - 22) / (24 * 1.25)
      screen.style.fontSize = Math.max(11, Math.min(24, wide, high)).toFixed(1) + 'px'
      due()
    }
    addEventListener('resize', fit)
    fit()

    socket.addEventListener('open', () => { opened(); say('open', 'Connected. Press Enter if nothing shows.'); screen.focus() })
    socket.addEventListener('close', closed)
    socket.addEventListener('message', ({ data }) => {
      terminal.write(typeof data === 'string' ? data : decoder.decode(data, { stream: true }))
      due()
    })
    const named = { Enter: '\\r', Backspace: '\\x7f', Tab: '\\t', Escape: '\\x1b', ArrowUp: '\\x1b[A', ArrowDown: '\\x1b[B', ArrowRight: '\\x1b[C', ArrowLeft: '\\x1b[D',
      Home: '\\x1b[H', End: '\\x1b[F', Insert: '\\x1b[2~', Delete: '\\x1b[3~', PageUp: '\\x1b[5~', PageDown: '\\x1b[6~' }
    const controlled = (key) => /^[a-z@[\\\\\\]^_]$/i.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 31) : undefined
    screen.addEventListener('keydown', (event) => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event
      // Copying and pasting stay the browser's.
      if (metaKey || event.isComposing || (ctrlKey && (key === 'v' || shiftKey || (key === 'c' && !getSelection().isCollapsed)))) return
      const text = named[key] ?? (ctrlKey ? controlled(key) : key.length === 1 ? key : undefined)
      if (text === undefined) return
      event.preventDefault()
      send(altKey && !ctrlKey ? '\\x1b' + text : text)
      screen.scrollTop = screen.scrollHeight
    })
    addEventListener('paste', (event) => { event.preventDefault(); send(event.clipboardData.getData('text').replace(/\\r?\\n/g, '\\r')) })
</script>`,
    style,
  )
