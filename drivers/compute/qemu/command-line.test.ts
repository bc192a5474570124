// The command line as data: what is on it, and what must never be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuestSpec } from '../../../kernel/compute/driver.ts'
import { commandLine } from './command-line.ts'
import { guestFolder } from './guest-folder.ts'
import { settingsOf } from './options.ts'

const id = '6f1c1f5e-52c4-4d0c-9f1b-2f7f6f0d7a01'
const volumeId = '0d2a5d7e-94a5-4bb6-8f4e-6e1d3c1b9a11'
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const folder = guestFolder(settingsOf({ stateDir: '/var/lib/a,b', runtimeDir: '/run/x', log }), id)
const spec: GuestSpec = { id, name: 'web,evil=1', vcpus: 2, memoryMiB: 512, disks: [], nics: [] }
const host = {
  machine: 'pc-i440fx-7.2',
  choice: { accelerator: 'tcg' as const, cpuModel: 'max', reasons: [] },
  hasConfigDrive: false,
}

const build = (change: Partial<GuestSpec>, more = {}) =>
  commandLine(folder, { ...spec, ...change }, { ...host, ...more })

function valuesOf(args: string[], option: string): Record<string, unknown>[] {
  return args
    .filter((_, index) => args[index - 1] === option)
    .filter((value) => value.startsWith('{'))
    .map((value) => JSON.parse(value) as Record<string, unknown>)
}

test('a root disk names its whole chain and ends it', () => {
  const args = build({ root: { base: { path: '/cache/image', format: 'qcow2' }, sizeGiB: 1 } })
  const [root] = valuesOf(args, '-blockdev')
  assert.deepEqual(root?.backing, {
    driver: 'qcow2',
    'read-only': true,
    file: { driver: 'file', filename: '/cache/image', 'read-only': true },
    backing: null,
  })
  assert.equal(valuesOf(args, '-device').find(({ id }) => id === 'disk-root')?.bootindex, 0)
})

test('without a root disk the first disk boots, under a name that QEMU can hold', () => {
  const source = { kind: 'nbd' as const, address: { host: '192.0.2.1', port: 10809 }, export: 'v' }
  const args = build({ disks: [{ id: volumeId, source }] })
  const [node] = valuesOf(args, '-blockdev')
  assert.ok(String(node?.['node-name']).length <= 31)
  assert.deepEqual(node?.server, { type: 'inet', host: '192.0.2.1', port: '10809' })
  const device = valuesOf(args, '-device').find(({ id }) => id === `disk-${volumeId}`)
  assert.deepEqual([device?.bootindex, device?.serial], [0, volumeId.slice(0, 20)])
})

test('a CD image is behind the empty disk in the boot order', () => {
  const args = build({ root: { base: { path: '/cache/cd', format: 'iso' }, sizeGiB: 5 } }, { hasConfigDrive: true })
  const order = valuesOf(args, '-device').map(({ id, bootindex, bus }) => [id, bootindex, bus])
  assert.deepEqual(order.slice(2), [
    ['disk-root', 0, undefined],
    ['cd-device', 1, 'ide.0'],
    ['config-device', undefined, 'ide.1'],
  ])
})

test('the name a user gave is not on it, and commas in paths do not make options', () => {
  const args = build({})
  assert.ok(!args.some((arg) => arg.includes('evil')))
  assert.ok(args.some((arg) => arg.includes('logfile=/var/lib/a,,b/guests/')))
})

test('what cannot be a device is refused', () => {
  const source = { kind: 'simulated' as const }
  assert.throws(() => build({ disks: [{ id: volumeId, source }] }), /simulated/)
  assert.throws(() => build({ nics: [{ id: 'n', mac: 'fa:16:3e:00:00:01', mtu: 1450, source }] }), /simulated/)
  assert.throws(() => build({ nics: [{ id: 'a,b', mac: '', mtu: 1450, source: { kind: 'user' } }] }), /cannot be/)
})

test('settings that cannot work are refused at once', () => {
  assert.throws(
    () => settingsOf({ stateDir: '/s', runtimeDir: `/${'r'.repeat(80)}`, log }),
    /too long for unix sockets/,
  )
})
