// What the QEMU driver adds to a bare QEMU start of the same guest, up to the guest's own first code.
// Run: node bench/qemu-launch.ts [rounds]
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { chooseAccelerator } from '../drivers/compute/qemu/accelerator.ts'
import { commandLine } from '../drivers/compute/qemu/command-line.ts'
import { guestFolder } from '../drivers/compute/qemu/guest-folder.ts'
import { settingsOf } from '../drivers/compute/qemu/options.ts'
import { QemuComputeDriver } from '../drivers/compute/qemu/qemu-compute-driver.ts'
import { askQemu } from '../drivers/compute/qemu/qemu-version.ts'
import { writeTinyGuestImage } from '../drivers/compute/qemu/testing/tiny-guest.ts'
import type { GuestSpec } from '../kernel/compute/driver.ts'

const rounds = Number(process.argv[2] ?? 11)
const stateDir = await mkdtemp(join(tmpdir(), 'qemu-launch-'))
const image = join(stateDir, 'image.raw')
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const options = { stateDir, runtimeDir: join(stateDir, 'run'), log: silent }
const settings = settingsOf(options)
const driver = new QemuComputeDriver(options)
const bareMs: number[] = []
const driverMs: number[] = []
const returnedMs: number[] = []

try {
  await writeTinyGuestImage(image)
  await driver.open()
  for (let round = 0; round < rounds; round++) {
    const { folder, ms, returned } = await driverLaunch()
    driverMs.push(ms)
    returnedMs.push(returned)
    bareMs.push(await bareLaunch(folder))
  }
} finally {
  for (const { id } of await driver.observe()) await driver.destroy(id)
  await driver.close()
  await rm(stateDir, { recursive: true, force: true })
}
const [bare, launched] = [median(bareMs), median(driverMs)]
console.log(`to the guest's first code, median of ${rounds}:`)
console.log(`  bare QEMU      ${bare.toFixed(0)} ms`)
console.log(
  `  driver.launch  ${launched.toFixed(0)} ms (the call itself returns after ${median(returnedMs).toFixed(0)} ms)`,
)
console.log(`  difference     ${(launched - bare).toFixed(0)} ms`)

function specOf(id: string): GuestSpec {
  const root = { base: { path: image, format: 'raw' as const }, sizeGiB: 1 }
  const nic = { id: randomUUID(), mac: 'fa:16:3e:00:00:01', mtu: 1450, source: { kind: 'user' as const } }
  return { id, name: 'bench', vcpus: 1, memoryMiB: 128, root, disks: [], nics: [nic] }
}

async function driverLaunch() {
  const id = randomUUID()
  const folder = guestFolder(settings, id)
  const began = performance.now()
  const call = driver
    .launch({ ...specOf(id), configDrive: { 'openstack/latest/meta_data.json': '{"hostname":"bench"}' } })
    .then(() => performance.now() - began)
  await greeted(folder.consoleLog)
  const ms = performance.now() - began
  const returned = await call
  await driver.stop(id, 0)
  return { folder, ms, returned }
}

/** The same command line on disks that are there already. */
async function bareLaunch(made: ReturnType<typeof guestFolder>): Promise<number> {
  const folder = guestFolder({ ...settings, stateDir: join(stateDir, 'bare') }, randomUUID())
  await mkdir(folder.path, { recursive: true })
  await mkdir(folder.sockets.path, { recursive: true })
  await cp(made.rootDisk, folder.rootDisk)
  await cp(made.configDrive, folder.configDrive)
  await writeFile(folder.consoleLog, '')
  const version = await askQemu(settings.qemuBinary)
  const choice = await chooseAccelerator(settings, version.text)
  const host = { machine: version.machines[0]!, choice, hasConfigDrive: true }
  const args = commandLine(folder, specOf(folder.id), host)
  const began = performance.now()
  const child = spawn(settings.qemuBinary, args, { stdio: 'ignore' })
  await greeted(folder.consoleLog)
  const ms = performance.now() - began
  const ended = new Promise((settle) => child.once('exit', settle))
  child.kill('SIGKILL')
  await ended
  return ms
}

async function greeted(log: string): Promise<void> {
  while (!(await readFile(log, 'utf8').catch(() => ''))) await wait(1)
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
