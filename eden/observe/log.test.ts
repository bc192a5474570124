// What reaches the log, and what must not.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Secret } from '../config/secret.ts'
import { type LogOptions, openLog, requestLog, serviceLog, silentLog } from './log.ts'
import { isSecretName } from './redact.ts'

function collecting(options: LogOptions = {}) {
  const lines: string[] = []
  const { log } = openLog({ ...options, sink: { write: (line) => lines.push(line) } })
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line names service and request', () => {
  const { log, entries } = collecting()
  requestLog(serviceLog(log, 'compute'), 'req-1', 'abc').info({ serverId: 's1' }, 'server is active')
  const [{ time, ...entry }] = entries() as [Record<string, unknown>]
  assert.equal(typeof time, 'number')
  assert.deepEqual(entry, {
    level: 30,
    service: 'compute',
    requestId: 'req-1',
    traceId: 'abc',
    serverId: 's1',
    msg: 'server is active',
  })
})

test('secrets are masked wherever they hide, and nothing else is', () => {
  const { log, lines } = collecting()
  const body = { server: { adminPass: 'hush-1', name: 'web', metadata: [{ headers: { 'X-Auth-Token': 'hush-2' } }] } }
  const cause = new Error('cannot reach amqp://rabbit:hush-3@host/')
  const failure = Object.assign(new Error('postgres://cloud:hush-4@db/x refused', { cause }), { password: 'hush-5' })
  log
    .child({ authToken: 'hush-6' })
    .info({ body, key: new Secret('hush-7') }, 'with http://u:hush-8@h/?temp_url_sig=hush-9&x=1')
  log.error({ err: failure }, 'failed')
  log.error(failure)
  log.warn({
    list: ['https://u:hush-10@h/'],
    secretKey: null,
    privateKey: { pem: 'hush-11' },
    mail: 'http://h:80","a@b',
  })
  log.info({
    auth: { identity: { password: { user: { password: 'hush-12' } }, application_credential: { secret: 'hush-13' } } },
  })
  const text = lines.join('')
  assert.ok(!/hush-\d/.test(text), text)
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), line)
  assert.ok(text.includes('"name":"web"') && text.includes('x=1') && text.includes('caused') === false)
  assert.equal(body.server.adminPass, 'hush-1', 'the object that was logged is unchanged')
})

test('names that are secret and names that are not', () => {
  const secret =
    'password adminPass admin_pass db_password token auth_token X-Auth-Token X-Subject-Token Authorization Cookie secret secret_key secretKey privateKey user_data apiKey accessToken client_secret'
  for (const name of secret.split(' ')) assert.equal(isSecretName(name), true, name)
  const open =
    'name tokenCount pass path key id projectId passed keypair keyName author secretary userId pageToken bypass'
  for (const name of open.split(' ')) assert.equal(isSecretName(name), false, name)
})

test('levels, and a log that is silent', () => {
  const { log, lines } = collecting({ level: 'warn' })
  log.info('not written')
  log.warn('written')
  assert.equal(lines.length, 1)
  assert.equal(silentLog().isLevelEnabled('error'), false)
})

test('the readable form', () => {
  const { log, lines } = collecting({ format: 'pretty' })
  const failure = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  requestLog(serviceLog(log, 'image'), 'req-2').info({ bytes: 5, note: 'two words' }, 'stored \u001b[31mred')
  log.error({ err: Object.assign(new Error('outer', { cause: failure }), { stack: 'Error: outer\n    at x' }) }, 'bad')
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}image req-2 stored \\x1b\[31mred bytes=5 note="two words"\n$/)
  assert.match(
    lines[1]!,
    /ERROR bad\n {4}Error: outer\n {4}at x\n {4}caused by\n {4}Error: no such file\n[\s\S]*"code":"ENOENT"/,
  )
})

test('a file is appended to, and opened anew after rotation', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'deep', 'cloud.log')
  const first = openLog({ file })
  t.after(first.close)
  first.log.info('one')
  assert.match(readFileSync(file, 'utf8'), /"msg":"one"/, 'written before the call returns')
  renameSync(file, `${file}.1`)
  first.reopen()
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    first.log.info('two')
    assert.match(readFileSync(file, 'utf8'), /^[^\n]*"msg":"two"[^\n]*\n$/)
  })
})
