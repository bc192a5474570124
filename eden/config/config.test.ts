// Precedence of the sources, the errors an operator meets, and the page printed from the declarations.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { describeSettings } from './describe.ts'
import { loadSettings, SettingsError, takeSetFlags } from './load.ts'
import { formatDuration, formatSize, parseDurationMs, parseSizeBytes } from './quantities.ts'
import { mask } from './secret.ts'
import { envName, setting, settings } from './setting.ts'

const compute = settings('compute', {
  quotaCores: setting({ type: 'integer', default: 20, min: -1, unit: 'cores', says: 'Cores that a project may use.' }),
  driver: setting({ type: 'oneOf', values: ['qemu', 'simulated'], default: 'qemu', says: 'What runs servers.' }),
  launchWithin: setting({ type: 'duration', default: '5m', min: '1s', max: '1h', says: 'Time to launch.' }),
  reserved: setting({ type: 'size', default: '512 MiB', says: 'Memory kept for the host.' }),
  nested: setting({ type: 'flag', default: false, says: 'Whether guests may run guests.' }),
  hosts: setting({ type: 'list', default: [], says: 'Names of hosts | nodes.' }),
  adminPassword: setting({ type: 'secret', says: 'The first password.' }),
  publicUrl: setting({ type: 'url', says: 'The address in the catalog.' }),
  port: setting({ type: 'port', default: 8774, says: 'Where it listens.' }),
})
const observe = settings('observe', {
  endpoint: setting({ type: 'url', env: 'OTEL_EXPORTER_OTLP_ENDPOINT', says: 'Where spans go.' }),
})
const groups = [compute, observe]

function file(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'cloudos.yaml')
  writeFileSync(path, text)
  return path
}

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load()
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error))
    return error.problems
  }
  return assert.fail('the settings were accepted')
}

test('defaults have the types of their settings', () => {
  const values = loadSettings(groups).of(compute)
  const cores: number = values.quotaCores
  const driver: 'qemu' | 'simulated' = values.driver
  const url: string | undefined = values.publicUrl
  assert.deepEqual([cores, driver, url], [20, 'qemu', undefined])
  assert.deepEqual([values.launchWithin, values.reserved, values.nested, values.port], [300_000, 2 ** 29, false, 8774])
  assert.throws(() => Object.assign(values, { quotaCores: 1 }), TypeError)
})

test('the file outweighs defaults, the environment the file, flags the environment', (t) => {
  const path = file(t, 'compute:\n  quotaCores: 1\n  port: 1\n  nested: true\n  hosts: [a, b]\n  driver:\nobserve:\n')
  const env = {
    CLOUDOS_COMPUTE_QUOTA_CORES: '2',
    CLOUDOS_COMPUTE_PORT: '2',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
  }
  const loaded = loadSettings(groups, {
    file: path,
    env,
    set: ['compute.quotaCores=3', 'compute.publicUrl=http://x/?a=b'],
  })
  const values = loaded.of(compute)
  assert.deepEqual([values.quotaCores, values.port, values.nested, values.hosts], [3, 2, true, ['a', 'b']])
  assert.equal(values.driver, 'qemu', 'an empty value in the file is as if it were not there')
  assert.equal(values.publicUrl, 'http://x/?a=b')
  assert.equal(loaded.of(observe).endpoint, 'http://c:4318')
  const sources = Object.fromEntries(loaded.inForce().map(({ name, source }) => [name, source]))
  assert.equal(sources['compute.quotaCores'], '--set compute.quotaCores')
  assert.equal(sources['compute.port'], 'environment variable CLOUDOS_COMPUTE_PORT')
  assert.equal(sources['compute.nested'], `${path}, line 4`)
  assert.equal(sources['compute.driver'], 'default')
})

test('all mistakes are reported at once, each with its source', (t) => {
  const path = file(t, 'compute:\n  quotaCoers: 1\n  port: eighty\ncomptue:\n  a: 1\nobserve: 5\n')
  const env = { CLOUDOS_COMPUTE_QUOTA_CORE: '1', CLOUDOS_COMPUTE_NESTED: 'perhaps', CLOUDOS_HOME: '/x' }
  const set = [
    'compute.driver=qem',
    'nonsense',
    'compute.launchWithin=90',
    'compute.launchWithin=2h',
    'compute.reserved=20',
  ]
  assert.deepEqual(
    problemsOf(() => loadSettings(groups, { file: path, env, set })),
    [
      `${path}, line 2: there is no setting "compute.quotaCoers"; did you mean "compute.quotaCores"?`,
      `${path}, line 3: compute.port should be a port: "eighty" is not a whole number`,
      `${path}, line 5: there is no service "comptue"; did you mean "compute"?`,
      `${path}, line 6: below "observe:" its settings are expected, like "  name: value"`,
      'environment: there is no setting "CLOUDOS_COMPUTE_QUOTA_CORE"; did you mean "CLOUDOS_COMPUTE_QUOTA_CORES"?',
      'environment variable CLOUDOS_COMPUTE_NESTED: compute.nested should be a flag: "perhaps" is neither true nor false',
      '--set compute.driver: compute.driver should be one of a list: "qem" is not one of qemu, simulated; did you mean "qemu"?',
      '--set nonsense: write --set service.name=value',
      '--set compute.launchWithin: compute.launchWithin should be a duration: "90" is not a duration; write it with a unit, like 250ms, 30s, 5m, 2h or 1d',
      '--set compute.launchWithin: compute.launchWithin should be a duration: 2h is more than the most, 1h',
      '--set compute.reserved: compute.reserved should be a size: "20" is not a size; write it with a unit, like 512 MiB, 20 GiB or 1.5 TB',
    ],
  )
})

test('wrong values of each type', () => {
  const wrong: [set: string, says: RegExp][] = [
    ['compute.quotaCores=1.5', /not a whole number/],
    ['compute.quotaCores=-2', /-2 is less than the least, -1/],
    ['compute.quotaCores=', /not a whole number/],
    ['compute.port=70000', /more than the most, 65535/],
    ['compute.publicUrl=host', /not a URL; write it whole/],
  ]
  for (const [set, says] of wrong) assert.match(problemsOf(() => loadSettings(groups, { set: [set] }))[0]!, says)
})

test('a missing file, a broken file, a missing value', (t) => {
  const missing = '/nonexistent/cloudos.yaml'
  assert.match(problemsOf(() => loadSettings(groups, { file: missing }))[0]!, /cannot be read/)
  assert.doesNotThrow(() => loadSettings(groups, { file: missing, fileMayBeMissing: true }))
  const broken = file(t, 'compute:\n  a: "x\n')
  assert.match(problemsOf(() => loadSettings(groups, { file: broken }))[0]!, /cloudos\.yaml, line \d/)
  const needy = settings('needy', { key: setting({ type: 'secret', required: true, says: 'A key.' }) })
  assert.deepEqual(
    problemsOf(() => loadSettings([needy])),
    ['needy.key has no value and needs one: set it in cloudos.yaml, as CLOUDOS_NEEDY_KEY or with --set'],
  )
})

test('a secret can be used but not printed', () => {
  const loaded = loadSettings(groups, { set: ['compute.adminPassword=hunter2'] })
  const values = loaded.of(compute)
  assert.equal(values.adminPassword?.reveal(), 'hunter2')
  for (const text of [
    inspect(values),
    JSON.stringify(values),
    `${values.adminPassword}`,
    JSON.stringify(loaded.inForce()),
  ]) {
    assert.ok(!text.includes('hunter2') && text.includes(mask), text)
  }
})

test('durations and sizes', () => {
  const durations = {
    '30s': 30_000,
    '5m': 300_000,
    '1h30m': 5_400_000,
    '250 ms': 250,
    '0': 0,
    '1.5h': 5_400_000,
    '7d': 604_800_000,
  }
  for (const [text, ms] of Object.entries(durations)) assert.equal(parseDurationMs(text), ms, text)
  const sizes = { '20 GiB': 20 * 2 ** 30, '512MiB': 2 ** 29, '1.5 TB': 1.5e12, '1kb': 1000, '0': 0, '10 B': 10 }
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSizeBytes(text), bytes, text)
  for (const text of ['', '5', 'soon', '5 minutes', '-5s', '5s5'])
    assert.throws(() => parseDurationMs(text), RangeError, text)
  for (const text of ['', '5', 'GiB', '5 G', '-1 GiB']) assert.throws(() => parseSizeBytes(text), RangeError, text)
  assert.deepEqual([formatDuration(90_000), formatDuration(3_600_000), formatDuration(0)], ['90s', '1h', '0ms'])
  assert.deepEqual([formatSize(2 ** 30), formatSize(1536), formatSize(0)], ['1 GiB', '1536 B', '0 B'])
})

test('names of environment variables', () => {
  assert.equal(envName('compute', 'quotaCores'), 'CLOUDOS_COMPUTE_QUOTA_CORES')
  assert.equal(envName('load-balancer', 'ipv6Only'), 'CLOUDOS_LOAD_BALANCER_IPV6_ONLY')
})

test('--set is taken out of a command line', () => {
  assert.deepEqual(takeSetFlags(['start', '--set', 'a.b=1', '--set=c.d=2', '-x', '--', '--set', 'e']), {
    set: ['a.b=1', 'c.d=2'],
    rest: ['start', '-x', '--', '--set', 'e'],
  })
})

test('the reference page', () => {
  const page = describeSettings(groups)
  const lines = page.split('\n')
  assert.equal(lines[0], '## compute')
  for (const line of [
    '| `compute.quotaCores` | integer, at least -1 | `20` | cores | Cores that a project may use. | `CLOUDOS_COMPUTE_QUOTA_CORES` |',
    '| `compute.driver` | `qemu` or `simulated` | `qemu` | – | What runs servers. | `CLOUDOS_COMPUTE_DRIVER` |',
    '| `compute.launchWithin` | duration, 1s to 1h | `5m` | ms, s, m, h, d | Time to launch. | `CLOUDOS_COMPUTE_LAUNCH_WITHIN` |',
    '| `compute.hosts` | list | empty | – | Names of hosts \\| nodes. | `CLOUDOS_COMPUTE_HOSTS` |',
    '| `observe.endpoint` | url | – | – | Where spans go. | `OTEL_EXPORTER_OTLP_ENDPOINT` |',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${page}`)
  }
})
