// The QEMU driver against the contract, with a guest of one disk sector; and what only real processes can show.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, chown, cp, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { computeDriverContract } from '../../../kernel/compute/driver.contract.ts'
import type { ComputeDriver, DiskSpec, GuestSpec, NicSpec } from '../../../kernel/compute/driver.ts'
import { QmpClient } from '../../qemu/qmp-client.ts'
import { muteProgram } from '../../qemu/testing/mute-program.ts'
import { isGuestProcess } from './guest-process.ts'
import type { QemuComputeOptions } from './options.ts'
import { QemuComputeDriver } from './qemu-compute-driver.ts'
import { tinyGuestGreeting, writeTinyGuestImage } from './testing/tiny-guest.ts'

const id = '6f1c1f5e-52c4-4d0c-9f1b-2f7f6f0d7a01'
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const missing = ['qemu-system-x86_64', 'qemu-img', 'genisoimage', 'prlimit'].find((tool) => !isInstalled(tool))
// As an operator would have it: QEMU under another user where that is possible.
const nobody = { uid: 65534, gid: 65534 }
const runAs = process.getuid?.() === 0 ? nobody : undefined

computeDriverContract('qemu', (t) => testHost(t))

test('a guest that switched itself off while nobody looked is shut down, not crashed', async (t) => {
  const host = await testHost(t)
  if (!host) return
  const driver = await opened(host, t)
  await driver.launch(host.guest(id))
  await greeted(driver)
  await driver.close()
  const line = connect(join(host.stateDir, 'run', id, 'serial.sock'))
  line.end('q')
  const qmp = await QmpClient.connect(join(host.stateDir, 'run', id, 'qmp.sock'), {
    peer: 'QEMU',
    greetWithinMs: 5_000,
    firstAnswerWithinMs: 5_000,
    answerWithinMs: 5_000,
  })
  while (((await qmp.execute('query-status')) as { status: string }).status !== 'shutdown') await wait(5)
  qmp.close()
  const pid = await host.pidOf(id)
  await driver.open()
  assert.deepEqual(await driver.observe(), [{ id, power: 'shutdown', disks: [], nics: [] }])
  assert.equal(await isGuestProcess(pid, id), false)
})

test('a guest is found without its pid file, and a stranger with its pid is not taken for it', async (t) => {
  const host = await testHost(t)
  if (!host) return
  const driver = await opened(host, t)
  await driver.launch(host.guest(id))
  await driver.close()
  const pid = await host.pidOf(id)
  await rm(join(host.stateDir, 'guests', id, 'pid'))
  await driver.open()
  assert.equal((await driver.observe())[0]?.power, 'running')
  await driver.close()
  const gone = once(spawnWatcher(pid), 'close')
  process.kill(pid, 'SIGKILL')
  await gone
  await writeFile(join(host.stateDir, 'guests', id, 'pid'), `${process.pid}\n`)
  await driver.open()
  assert.equal((await driver.observe())[0]?.power, 'crashed')
  await driver.destroy(id) // This very process goes on, although the pid file names it.
  await assert.rejects(stat(join(host.stateDir, 'guests', id)), /ENOENT/)
})

test('a device that the guest does not let go of is an error that says so, and stays', async (t) => {
  const host = await testHost(t, { limits: { unplugAttempts: 2, unplugWithinMs: 50 } })
  if (!host) return
  const driver = await opened(host, t)
  await driver.launch({ ...host.guest(id), nics: [host.nic('n1')] })
  await driver.pause(id)
  await assert.rejects(driver.detachNic(id, 'n1'), /does not let go of nic-n1/)
  assert.deepEqual((await driver.observe())[0]?.nics, ['n1'])
})

test("a failed start tells QEMU's own reason and leaves no process", async (t) => {
  const host = await testHost(t)
  if (!host) return
  const driver = await opened(host, t)
  const disk: DiskSpec = { id: 'd1', source: { kind: 'file', path: join(host.stateDir, 'absent.raw'), format: 'raw' } }
  await assert.rejects(driver.launch({ ...host.guest(id), disks: [disk] }), /absent\.raw.*No such file/)
  assert.equal((await driver.observe())[0]?.power, 'crashed')
  await driver.launch(host.guest(id))
  assert.equal((await driver.observe())[0]?.power, 'running')
})

test('a QEMU that greets but never answers is replaced by one that does', async (t) => {
  const [real] = missing ? [] : execFileSync('which', ['qemu-system-x86_64'], { encoding: 'utf8' }).split('\n')
  const mute = await muteProgram(t, 'qemu-system-x86_64', real ?? '')
  const host = await testHost(t, { qemuBinary: mute.path, limits: { firstAnswerWithinMs: 500 } })
  if (!host) return
  const driver = await opened(host, t)
  await driver.launch(host.guest(id))
  await stat(mute.wasHere)
  assert.equal((await driver.observe())[0]?.power, 'running')
  await greeted(driver)
})

test('a base image that refers to other files is refused', async (t) => {
  const host = await testHost(t)
  if (!host) return
  const driver = await opened(host, t)
  const path = join(host.stateDir, 'hostile.qcow2')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', '/etc/passwd', path, '1M'])
  const root = { base: { path, format: 'qcow2' as const }, sizeGiB: 1 }
  await assert.rejects(driver.launch({ ...host.guest(id), root }), /refers to other files/)
})

test('a CD image boots, with an empty disk beside it', async (t) => {
  const host = await testHost(t)
  if (!host) return
  const driver = await opened(host, t)
  const tree = await mkdtemp(join(host.stateDir, 'cd-'))
  await cp(host.image, join(tree, 'boot.img'))
  const path = join(host.stateDir, 'cd.iso')
  const boot = ['-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4']
  execFileSync('genisoimage', ['-quiet', '-o', path, ...boot, tree], { stdio: 'ignore' })
  await driver.launch({ ...host.guest(id), root: { base: { path, format: 'iso' }, sizeGiB: 1 } })
  await greeted(driver)
  const { stream } = await driver.snapshotRoot(id, 'qcow2')
  stream.destroy()
})

test('the console log is cut and still readable', async (t) => {
  const host = await testHost(t, { limits: { consoleLogKiB: 1, consoleTrimEveryMs: 5 } })
  if (!host) return
  const driver = await opened(host, t)
  await driver.launch(host.guest(id))
  await greeted(driver)
  const log = join(host.stateDir, 'guests', id, 'console.log')
  await appendFile(log, `${'x'.repeat(4000)}\nthe end\n`)
  while ((await stat(log)).size > 2048) await wait(5)
  assert.equal(await driver.consoleLog(id, 1), 'the end\n')
  const console = await driver.openConsole(id, 'serial')
  console.write('after')
  while (!(await driver.consoleLog(id)).endsWith('the end\nafter')) await wait(5)
  console.destroy()
})

type TestHost = NonNullable<Awaited<ReturnType<typeof testHost>>>

async function opened(host: TestHost, t: TestContext): Promise<ComputeDriver> {
  const driver = host.makeDriver()
  t.after(async () => {
    await driver.open()
    for (const { id } of await driver.observe()) await driver.destroy(id)
    await driver.close()
    await host.remove()
  })
  await driver.open()
  return driver
}

async function greeted(driver: ComputeDriver): Promise<void> {
  while (!(await driver.consoleLog(id)).includes(tinyGuestGreeting)) await wait(5)
}

/** Ends when the process does, whoever its parent is. */
const spawnWatcher = (pid: number) => spawn('tail', ['-f', '--pid', String(pid), '-s', '0.01', '/dev/null'])

async function testHost(t: TestContext, extra: Partial<QemuComputeOptions> = {}) {
  if (missing) {
    t.skip(`needs ${missing}`)
    return undefined
  }
  const stateDir = await mkdtemp(join(tmpdir(), 'qemu-driver-'))
  await chmod(stateDir, 0o711)
  const image = join(stateDir, 'image.raw')
  await writeTinyGuestImage(image)
  const runtimeDir = join(stateDir, 'run')
  const pidOf = async (id: string) => Number(await readFile(join(stateDir, 'guests', id, 'pid'), 'utf8'))
  return {
    stateDir,
    image,
    pidOf,
    makeDriver: () => new QemuComputeDriver({ stateDir, runtimeDir, accelerator: 'tcg', runAs, log: quiet, ...extra }),
    guest: (id: string): GuestSpec => ({
      id,
      name: 'tiny',
      vcpus: 1,
      memoryMiB: 16,
      root: { base: { path: image, format: 'raw' }, sizeGiB: 0 },
      disks: [],
      nics: [],
    }),
    disk: async (id: string): Promise<DiskSpec> => {
      const path = join(stateDir, `${id}.raw`)
      await writeFile(path, '')
      await truncate(path, 1024 * 1024)
      if (runAs) await chown(path, runAs.uid, runAs.gid)
      return { id, source: { kind: 'file', path, format: 'raw' } }
    },
    nic: (id: string): NicSpec => ({ id, mac: '52:54:00:12:34:56', mtu: 1450, source: { kind: 'user' } }),
    greeting: tinyGuestGreeting,
    powerOffInside: async (driver: ComputeDriver, id: string) => {
      const console = await driver.openConsole(id, 'serial')
      console.on('error', () => undefined)
      console.write('q')
      console.resume()
    },
    kill: async (_driver: ComputeDriver, id: string) => void process.kill(await pidOf(id), 'SIGKILL'),
    remove: () => rm(stateDir, { recursive: true, force: true }),
  }
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
