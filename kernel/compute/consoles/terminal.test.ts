// The serial page's terminal: letters, cursor, erasing, scrolling, colours, and sequences that arrive in pieces.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Terminal } from './terminal.ts'

const shown = (given: string[], size: [number, number] = [10, 4]) => {
  const answers: string[] = []
  const terminal = new Terminal((text) => answers.push(text), ...size)
  for (const text of given) terminal.write(text)
  const lines = (rows: Terminal['screen']) =>
    rows.map((row) =>
      row
        .map(({ letter }) => letter)
        .join('')
        .trimEnd(),
    )
  return { terminal, answers, lines: lines(terminal.screen), past: lines(terminal.past) }
}

test('text, wrapping and scrolling', () => {
  const { lines, past, terminal } = shown(['one\r\ntwo\r\n', '0123456789ab\r\nlast\r\n'])
  assert.deepEqual(past, ['one', 'two'])
  assert.deepEqual(lines, ['0123456789', 'ab', 'last', ''])
  assert.deepEqual([terminal.row, terminal.column], [3, 0])
})

test('a full row wraps only when the next letter comes', () => {
  assert.deepEqual(shown(['0123456789\r\nx']).lines.slice(0, 2), ['0123456789', 'x'])
})

test('cursor, erasing, inserting and deleting', () => {
  assert.equal(shown(['abcdef\x1b[3D\x1b[K']).lines[0], 'abc')
  assert.equal(shown(['abcdef\x1b[1;2H\x1b[2P']).lines[0], 'adef')
  assert.equal(shown(['abcdef\x1b[1;2H\x1b[2@']).lines[0], 'a  bcdef')
  assert.deepEqual(shown(['a\r\nb\r\nc\x1b[2;1H\x1b[L']).lines, ['a', '', 'b', 'c'])
  assert.deepEqual(shown(['a\r\nb\r\nc\x1b[H\x1b[M']).lines, ['b', 'c', '', ''])
  assert.deepEqual(shown(['a\r\nb\x1b[2J\x1b[Hc']).lines, ['c', '', '', ''])
  assert.equal(shown(['login: x\b \b']).lines[0], 'login:')
})

test('a region scrolls alone', () => {
  assert.deepEqual(shown(['a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\n']).lines, ['a', 'c', '', 'd'])
})

test('sequences in pieces, and those that mean nothing here', () => {
  const whole = '\x1b]0;title\x07\x1b[?2004h\x1b(Bhi\x1b[1;31m!\x1b[0m\x1b[38;5;9m.'
  for (let cut = 0; cut <= whole.length; cut++)
    assert.equal(shown([whole.slice(0, cut), whole.slice(cut)]).lines[0], 'hi!.', `cut at ${cut}`)
})

test('colours become styles', () => {
  const { terminal } = shown(['a\x1b[1;31mb\x1b[0;7mc\x1b[m  '])
  assert.deepEqual(terminal.stretches(terminal.screen[0]!), [
    { letter: 'a', style: '' },
    { letter: 'b', style: 'f1 bold' },
    { letter: 'c', style: 'fback gfront' },
    { letter: '', style: '' },
  ])
})

test('the guest may ask where the cursor is, and so how large the terminal is', () => {
  assert.deepEqual(shown(['\x1b[999;999H\x1b[6n'], [80, 24]).answers, ['\x1b[24;80R'])
})
