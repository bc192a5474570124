// From settings to a working log, metrics and tracer.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadSettings } from '../config/load.ts'
import { observeSettings } from './config.ts'
import { startObserving } from './start.ts'

test('settings decide what is observed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'observe-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'cloud.log')
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_HEADERS: 'key=hush' }
  const loaded = loadSettings([observeSettings], { env, set: [`observe.logFile=${file}`, 'observe.logLevel=debug'] })
  const observation = startObserving(loaded.of(observeSettings), 'here')
  observation.log.debug('hello')
  assert.equal(observation.tracer.isOn, true)
  observation.tracer.start('eden', 'span').end()
  assert.match(await observation.metrics.scrape(), /cloudos_spans_queued\{cloud="here"\} 1/)
  await observation.close()
  const log = readFileSync(file, 'utf8')
  assert.match(log, /"msg":"hello"/)
  assert.match(log, /"msg":"spans are not delivered"/)

  const quiet = startObserving(
    loadSettings([observeSettings], { set: ['observe.logLevel=silent'] }).of(observeSettings),
  )
  assert.equal(quiet.tracer.isOn, false)
  await quiet.close()
})
