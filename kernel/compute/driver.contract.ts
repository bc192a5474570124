// What every compute driver must do, real or simulated; a driver's own test file calls this with its driver.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { ComputeDriver, DiskSpec, GuestSpec, NicSpec, ObservedGuest, PowerState } from './driver.ts'

/** One host for one test. */
export interface DriverUnderTest {
  /** A driver, not yet open, on the host's lasting state: the same guests every time. */
  makeDriver(): ComputeDriver
  /** Something that boots, greets on its serial console, echoes, and obeys the power button. */
  guest(id: string): GuestSpec
  disk(id: string): Promise<DiskSpec>
  nic(id: string): NicSpec
  /** What the console shows once the guest is up. */
  greeting: string
  /** The guest switches itself off. */
  powerOffInside(driver: ComputeDriver, id: string): Promise<void>
  /** The guest's process is killed from outside. */
  kill(driver: ComputeDriver, id: string): Promise<void>
  /** Removes the host once its guests are gone. */
  remove(): Promise<void>
}

const guestId = '6f1c1f5e-52c4-4d0c-9f1b-2f7f6f0d7a01'
const strangerId = '6f1c1f5e-52c4-4d0c-9f1b-2f7f6f0d7a02'
const diskId = '0d2a5d7e-94a5-4bb6-8f4e-6e1d3c1b9a11'
const nicId = '1e3b6e8f-a5b6-4cc7-9e5f-7f2e4d2caa22'
const graceMs = 60_000

/** `prepare` makes a host for one test, or skips the test and returns undefined. */
export function computeDriverContract(
  name: string,
  prepare: (t: TestContext) => Promise<DriverUnderTest | undefined>,
): void {
  const promise = (what: string, check: (host: OpenHost, t: TestContext) => Promise<void>) =>
    test(`${name}: ${what}`, async (t) => {
      const host = await openHost(t, prepare)
      if (host) await check(host, t)
    })

  promise('tells what the host offers', async ({ driver }) => {
    const inventory = await driver.inventory()
    assert.ok(inventory.vcpus > 0 && inventory.memoryMiB > 0 && inventory.diskGiB > 0)
    assert.ok(inventory.hypervisorType && inventory.architecture && inventory.cpuModel)
    assert.ok(Number.isInteger(inventory.hypervisorVersion) && inventory.hypervisorVersion > 0)
    assert.ok(inventory.traits.some((trait) => trait.startsWith('COMPUTE_ACCELERATOR_')))
  })

  promise('launches once, however often it is asked', async ({ driver, host }) => {
    assert.deepEqual(await driver.observe(), [])
    const spec = { ...host.guest(guestId), configDrive: { 'openstack/latest/meta_data.json': '{}' } }
    await Promise.all([driver.launch(spec), driver.launch(spec)])
    await driver.launch(spec)
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'running', disks: [], nics: [] }])
  })

  promise('starts with the disks and cards of the spec', async ({ driver, host }) => {
    await driver.launch({ ...host.guest(guestId), disks: [await host.disk(diskId)], nics: [host.nic(nicId)] })
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'running', disks: [diskId], nics: [nicId] }])
  })

  promise('keeps the console log and cuts it to the lines asked for', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await logShows(driver, host.greeting)
    const lines = (await driver.consoleLog(guestId, 1)).split('\n').filter(Boolean)
    assert.equal(lines.length, 1)
  })

  promise('lets several people at the serial console', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await logShows(driver, host.greeting)
    const [first, second] = [await driver.openConsole(guestId, 'serial'), await driver.openConsole(guestId, 'serial')]
    const seen = Promise.all([shows(first, 'xyz'), shows(second, 'xyz')])
    first.write('xyz')
    await seen
    first.destroy()
    const again = shows(second, 'abc')
    second.write('abc')
    await again
    second.destroy()
  })

  promise('speaks RFB on the graphical console', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    const console = await driver.openConsole(guestId, 'vnc')
    await shows(console, 'RFB 003.00')
    console.destroy()
  })

  promise('stops and starts, each as often as asked', async ({ driver, host }) => {
    const spec = host.guest(guestId)
    await driver.launch(spec)
    await logShows(driver, host.greeting)
    await driver.stop(guestId, graceMs)
    assert.equal(await powerOf(driver), 'shutdown')
    await driver.stop(guestId, graceMs)
    await driver.start(spec)
    await driver.start(spec)
    assert.equal(await powerOf(driver), 'running')
    await driver.stop(guestId, 0)
    assert.equal(await powerOf(driver), 'shutdown')
  })

  promise('reboots softly and hard, ending with the devices of the spec', async ({ driver, host }) => {
    const spec = host.guest(guestId)
    await driver.launch(spec)
    await logShows(driver, host.greeting)
    await driver.reboot({ ...spec, disks: [await host.disk(diskId)] }, 'soft', graceMs)
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'running', disks: [diskId], nics: [] }])
    await driver.reboot(spec, 'hard', 0)
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'running', disks: [], nics: [] }])
  })

  promise('pauses and resumes', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await driver.pause(guestId)
    await driver.pause(guestId)
    assert.equal(await powerOf(driver), 'paused')
    await driver.unpause(guestId)
    await driver.unpause(guestId)
    assert.equal(await powerOf(driver), 'running')
    await driver.stop(guestId, 0)
    await assert.rejects(driver.pause(guestId), /shutdown/)
  })

  promise('gives a running guest devices and takes them back', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await logShows(driver, host.greeting)
    const disk = await host.disk(diskId)
    await driver.attachDisk(guestId, disk)
    await driver.attachDisk(guestId, disk)
    await driver.attachNic(guestId, host.nic(nicId))
    await driver.attachNic(guestId, host.nic(nicId))
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'running', disks: [diskId], nics: [nicId] }])
    await driver.detachDisk(guestId, diskId)
    await driver.detachDisk(guestId, diskId)
    await driver.detachNic(guestId, nicId)
    await driver.detachNic(guestId, nicId)
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'running', disks: [], nics: [] }])
    await driver.attachDisk(guestId, disk)
  })

  promise('remembers devices given to a guest that is shut down', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await driver.stop(guestId, 0)
    await driver.attachDisk(guestId, await host.disk(diskId))
    await driver.attachNic(guestId, host.nic(nicId))
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'shutdown', disks: [diskId], nics: [nicId] }])
    await driver.detachDisk(guestId, diskId)
    await driver.detachNic(guestId, nicId)
    assert.deepEqual(await driver.observe(), [{ id: guestId, power: 'shutdown', disks: [], nics: [] }])
  })

  promise('copies the root disk of a running guest and of one that is shut down', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    for (const format of ['qcow2', 'raw'] as const) await isWhole(driver, format)
    await driver.stop(guestId, 0)
    for (const format of ['qcow2', 'raw'] as const) await isWhole(driver, format)
  })

  promise('removes a guest, as often as asked, and knows nothing of it afterwards', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await Promise.all([driver.destroy(guestId), driver.destroy(guestId)])
    await driver.destroy(guestId)
    await driver.destroy(strangerId)
    assert.deepEqual(await driver.observe(), [])
    await assert.rejects(driver.consoleLog(guestId), /not on this host/)
    await assert.rejects(driver.start(host.guest(guestId)), /not on this host/)
    await driver.launch(host.guest(guestId))
    assert.equal(await powerOf(driver), 'running')
  })

  promise('does not wait for a guest that is to be removed', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    const stopping = driver.stop(guestId, 24 * 3_600_000)
    await driver.destroy(guestId)
    await stopping
    assert.deepEqual(await driver.observe(), [])
  })

  promise('tells when a guest switches itself off', async ({ driver, host }) => {
    const spec = host.guest(guestId)
    await driver.launch(spec)
    await logShows(driver, host.greeting)
    const changed = nextChange(driver)
    await host.powerOffInside(driver, guestId)
    assert.deepEqual(await changed, { id: guestId, power: 'shutdown', disks: [], nics: [] })
    await driver.start(spec)
    assert.equal(await powerOf(driver), 'running')
  })

  promise('tells when a guest is killed, and starts it again', async ({ driver, host }) => {
    const spec = host.guest(guestId)
    await driver.launch(spec)
    const changed = nextChange(driver)
    await host.kill(driver, guestId)
    assert.deepEqual(await changed, { id: guestId, power: 'crashed', disks: [], nics: [] })
    await driver.start(spec)
    assert.equal(await powerOf(driver), 'running')
  })

  promise('finds its guests again after it was closed', async ({ driver, host }) => {
    const running = { ...host.guest(guestId), disks: [await host.disk(diskId)] }
    await driver.launch(running)
    await driver.attachNic(guestId, host.nic(nicId))
    await driver.launch(host.guest(strangerId))
    await driver.stop(strangerId, 0)
    await driver.close()
    const successor = host.makeDriver()
    await successor.open()
    const observed = (await successor.observe()).sort((a, b) => a.id.localeCompare(b.id))
    assert.deepEqual(observed, [
      { id: guestId, power: 'running', disks: [diskId], nics: [nicId] },
      { id: strangerId, power: 'shutdown', disks: [], nics: [] },
    ])
    await successor.launch(running)
    const changed = nextChange(successor)
    await host.kill(successor, guestId)
    assert.equal((await changed).power, 'crashed')
    await successor.close()
  })

  promise('tells a crash from a shutdown that happened while it was closed', async ({ driver, host }) => {
    await driver.launch(host.guest(guestId))
    await host.kill(driver, guestId)
    await driver.close()
    const successor = host.makeDriver()
    await successor.open()
    assert.equal(await powerOf(successor), 'crashed')
    await successor.close()
  })
}

interface OpenHost {
  host: DriverUnderTest
  driver: ComputeDriver
}

async function openHost(
  t: TestContext,
  prepare: (t: TestContext) => Promise<DriverUnderTest | undefined>,
): Promise<OpenHost | undefined> {
  const host = await prepare(t)
  if (!host) return undefined
  const driver = host.makeDriver()
  t.after(async () => {
    // Whatever the test left, with a driver of its own: the test may have closed the first.
    await driver.close()
    const cleaner = host.makeDriver()
    await cleaner.open()
    for (const { id } of await cleaner.observe()) await cleaner.destroy(id)
    await cleaner.close()
    await host.remove()
  })
  await driver.open()
  return { host, driver }
}

async function powerOf(driver: ComputeDriver): Promise<PowerState | undefined> {
  return (await driver.observe()).find(({ id }) => id === guestId)?.power
}

async function logShows(driver: ComputeDriver, text: string): Promise<void> {
  while (!(await driver.consoleLog(guestId)).includes(text)) await wait(5)
}

async function shows(console: Duplex, text: string): Promise<void> {
  let seen = ''
  while (!seen.includes(text)) {
    const [bytes] = (await once(console, 'data')) as [Buffer]
    seen += bytes.toString('latin1')
  }
}

const nextChange = (driver: ComputeDriver) => new Promise<ObservedGuest>((settle) => driver.onChange(settle))

async function isWhole(driver: ComputeDriver, format: 'qcow2' | 'raw'): Promise<void> {
  const { sizeBytes, stream } = await driver.snapshotRoot(guestId, format)
  const bytes = await buffer(stream)
  assert.equal(bytes.length, sizeBytes)
  assert.ok(sizeBytes > 0)
  if (format === 'qcow2') assert.equal(bytes.subarray(0, 4).toString('latin1'), 'QFI\xfb')
}
