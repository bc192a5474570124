// The page that shows a guest's screen: noVNC over the whole window, and typing of what keyboards cannot send.
import { connection, ended, header, shell } from './shell.ts'

const buttons = '<button id="paste">Paste…</button><button id="keys">Ctrl+Alt+Del</button>'

const pasteDialog = `<dialog id="dialog" class="card"><form method="dialog">
  <h1>Type text into the guest</h1>
  <p>It is typed as on a US keyboard, for screens have no clipboard.</p>
  <textarea id="text" aria-label="Text to type" spellcheck="false"></textarea>
  <button value="type">Type it</button> <button value="cancel">Cancel</button>
</form></dialog>`

/** Where each letter is on a US keyboard, so that guests get the key as well as the letter. */
const keyboard = `
    const places = new Map()
    const at = (letters, shifted, codes) => codes.forEach((code, i) => { places.set(letters[i], { code }); places.set(shifted[i], { code, shift: true }) })
    at('1234567890', '!@#$%^&*()', [...'1234567890'].map((one) => 'Digit' + one))
    at('abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((one) => 'Key' + one))
    at("\`-=[]\\\\;',./", '~_+{}|:"<>?', ['Backquote', 'Minus', 'Equal', 'BracketLeft', 'BracketRight', 'Backslash', 'Semicolon', 'Quote', 'Comma', 'Period', 'Slash'])
    places.set(' ', { code: 'Space' }).set('\\n', { code: 'Enter', sym: 0xff0d }).set('\\t', { code: 'Tab', sym: 0xff09 })
    const press = (letter) => {
      const point = letter.codePointAt(0)
      const { code, shift, sym = point < 0x100 ? point : 0x1000000 | point } = places.get(letter) ?? {}
      if (shift) rfb.sendKey(0xffe1, 'ShiftLeft', true)
      rfb.sendKey(sym, code)
      if (shift) rfb.sendKey(0xffe1, 'ShiftLeft', false)
    }`

/** @param name of the server, escaped. */
export const vncPage = (name: string) =>
  shell(
    `${name} – console`,
    `${header(name, buttons)}
<main><div id="screen" style="position: absolute; inset: 0"></div>${ended(name, 'vnc')}</main>
${pasteDialog}
<script type="module">
    import RFB from './novnc/core/rfb.js'${connection('vnc')}
    const rfb = new RFB(find('#screen'), address.href, { shared: true })
    rfb.scaleViewport = true
    rfb.focusOnClick = true
    rfb.background = '#0f1115'
    rfb.addEventListener('connect', () => { opened(); rfb.focus() })
    rfb.addEventListener('disconnect', closed)
    find('#keys').addEventListener('click', () => { rfb.sendCtrlAltDel(); rfb.focus() })
    find('#paste').addEventListener('click', () => { find('#text').value = ''; find('#dialog').showModal(); find('#text').focus() })
${keyboard}
    find('#dialog').addEventListener('close', async () => {
      rfb.focus()
      if (find('#dialog').returnValue !== 'type') return
      // Guests drop keys that come faster than they read them.
      for (const letter of find('#text').value.replaceAll('\\r\\n', '\\n')) {
        press(letter)
        await new Promise((resolve) => setTimeout(resolve, 12))
      }
    })
</script>`,
  )
