// The simulated driver against the contract, and its knobs.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { computeDriverContract } from '../../../kernel/compute/driver.contract.ts'
import type { ComputeDriver, GuestSpec } from '../../../kernel/compute/driver.ts'
import { SimulatedComputeDriver, SimulatedHostState } from './simulated-compute-driver.ts'

const id = '6f1c1f5e-52c4-4d0c-9f1b-2f7f6f0d7a01'
const guest = (id: string): GuestSpec => ({
  id,
  name: 'Web 1',
  vcpus: 1,
  memoryMiB: 512,
  root: { base: { path: '/nowhere', format: 'qcow2' }, sizeGiB: 1 },
  disks: [],
  nics: [],
})

computeDriverContract('simulated', async () => {
  const state = new SimulatedHostState()
  const happen = (driver: ComputeDriver, id: string, power: 'shutdown' | 'crashed') => {
    assert.ok(driver instanceof SimulatedComputeDriver)
    driver.happen(id, power)
  }
  return {
    makeDriver: () => new SimulatedComputeDriver({ state }),
    guest,
    disk: async (id) => ({ id, source: { kind: 'simulated' } }),
    nic: (id) => ({ id, mac: 'fa:16:3e:00:00:01', mtu: 1450, source: { kind: 'simulated' } }),
    greeting: 'web-1 login: ',
    powerOffInside: async (driver, id) => happen(driver, id, 'shutdown'),
    kill: async (driver, id) => happen(driver, id, 'crashed'),
    remove: async () => undefined,
  }
})

test('a failure asked for comes once, and changes nothing', async () => {
  const driver = new SimulatedComputeDriver()
  await driver.open()
  driver.knobs.failNext('launch', new Error('no memory left'))
  await assert.rejects(driver.launch(guest(id)), /no memory left/)
  assert.deepEqual(await driver.observe(), [])
  await driver.launch(guest(id))
  assert.equal((await driver.observe()).length, 1)
})

test('the inventory is as configured', async () => {
  const driver = new SimulatedComputeDriver({ inventory: { vcpus: 8, memoryMiB: 1024 } })
  await driver.open()
  const { vcpus, memoryMiB, diskGiB } = await driver.inventory()
  assert.deepEqual({ vcpus, memoryMiB, diskGiB }, { vcpus: 8, memoryMiB: 1024, diskGiB: 4096 })
})

test('a snapshot is the same each time, and its qcow2 a sound one', async (t) => {
  const driver = new SimulatedComputeDriver()
  await driver.open()
  await driver.launch(guest(id))
  const copy = async (format: 'qcow2' | 'raw') => buffer((await driver.snapshotRoot(id, format)).stream)
  assert.deepEqual(await copy('raw'), await copy('raw'))
  const folder = mkdtempSync(join(tmpdir(), 'simulated-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'copy.qcow2')
  writeFileSync(path, await copy('qcow2'))
  let report: string
  try {
    report = execFileSync('qemu-img', ['check', '-f', 'qcow2', path], { encoding: 'utf8' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return t.skip('needs qemu-img')
  }
  assert.match(report, /No errors were found/)
})

test('the screen is drawn for a viewer that follows RFB', async () => {
  const driver = new SimulatedComputeDriver()
  await driver.open()
  await driver.launch(guest(id))
  const viewer = await driver.openConsole(id, 'vnc')
  let seen = Buffer.alloc(0)
  viewer.on('data', (bytes: Buffer) => {
    seen = Buffer.concat([seen, bytes])
  })
  const all = [...Buffer.from('RFB 003.008\n'), 1, 1, 3, 0, 0, 0, 0, 0, 0, 320 >> 8, 320 & 255, 0, 200]
  viewer.write(Buffer.from(all))
  const expected = 12 + 2 + 4 + 24 + 'simulated guest'.length + 16 + 320 * 200 * 4
  while (seen.length < expected) await once(viewer, 'data')
  assert.equal(seen.length, expected)
  await driver.stop(id, 0)
  assert.ok(viewer.destroyed)
})
