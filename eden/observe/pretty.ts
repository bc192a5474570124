// Log lines for people at a terminal, made in this process: no worker thread, nothing lost when the process dies.

import { styleText } from 'node:util'

export type LineSink = { write(line: string): unknown }

type Style = Parameters<typeof styleText>[0]
const levels: Readonly<Record<number, readonly [string, Style]>> = {
  10: ['TRACE', 'gray'],
  20: ['DEBUG', 'cyan'],
  30: ['INFO ', 'green'],
  40: ['WARN ', 'yellow'],
  50: ['ERROR', 'red'],
  60: ['FATAL', 'magenta'],
}
const shownApart = new Set(['level', 'time', 'msg', 'service', 'requestId', 'err', 'pid', 'hostname'])

/** A sink that takes JSON lines and passes them on readable. Lines that are not JSON pass unchanged. */
export function prettySink(to: LineSink, useColour: boolean): LineSink {
  return { write: (line) => to.write(prettyLine(line, useColour)) }
}

/** `12:03:04.123 INFO  compute req-1 server is active  host=node-1 ms=12`, then the stack of an error, indented. */
export function prettyLine(json: string, useColour: boolean): string {
  const entry = parsed(json)
  if (!entry) return json
  const paint = (style: Style, text: string) => (useColour ? styleText(style, text, { validateStream: false }) : text)
  const [name, style] = levels[Number(entry.level)] ?? [String(entry.level).padEnd(5), 'white']
  const time = new Date(Number(entry.time))
  const rest = Object.entries(entry)
    .filter(([key]) => !shownApart.has(key))
    .map(([key, value]) => paint('gray', `${key}=${typeof value === 'string' ? bare(value) : JSON.stringify(value)}`))
  const head = [
    paint('gray', Number.isNaN(time.getTime()) ? String(entry.time) : clock(time)),
    paint(style, name),
    entry.service === undefined ? '' : paint('blue', String(entry.service)),
    entry.requestId === undefined ? '' : paint('gray', String(entry.requestId)),
    entry.msg === undefined ? '' : printable(String(entry.msg)),
  ].filter((part) => part !== '')
  const line = [head.join(' '), ...rest].join(' ')
  return `${line}\n${errorLines(entry.err, (text) => paint('red', text))}`
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(json)
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function clock(time: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const seconds = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  return `${seconds}.${String(time.getMilliseconds()).padStart(3, '0')}`
}

function bare(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text)
}

/** Text from requests must not steer the terminal that shows it. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)
}

function errorLines(error: unknown, paint: (text: string) => string): string {
  if (error === undefined || error === null) return ''
  if (typeof error !== 'object') return `    ${paint(printable(String(error)))}\n`
  const { type, message, stack, cause, ...rest } = error as Record<string, unknown>
  const lines = String(stack ?? `${type}: ${message}`).split('\n')
  if (Object.keys(rest).length) lines.push(JSON.stringify(rest))
  const own = lines.map((line) => `    ${paint(printable(line.trim()))}\n`).join('')
  return cause === undefined ? own : `${own}    caused by\n${errorLines(cause, paint)}`
}
