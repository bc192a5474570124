// The contract over real files and NBD, and what only this driver has to survive: crashes of itself and its daemon.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { type VolumeGuest, volumeDriverContract } from '../../../kernel/volume/driver.contract.ts'
import type { VolumeConnection } from '../../../kernel/volume/driver.ts'
import { QmpClient } from '../../qemu/qmp-client.ts'
import { muteProgram } from '../../qemu/testing/mute-program.ts'
import { endDaemon, findDaemonPid } from './daemon-process.ts'
import { FilesVolumeDriver } from './files-volume-driver.ts'
import { type FilesVolumeOptions, settle } from './options.ts'

const run = promisify(execFile)
const isHere = (tool: string) => existsSync(`/usr/bin/${tool}`)
const missing = ['qemu-img', 'qemu-io', 'qemu-storage-daemon', 'prlimit'].find((tool) => !isHere(tool))
const skip = missing && `needs ${missing}`
const log = { info() {}, warn() {}, error() {} }
const [id, attachment, other] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [
  string,
  string,
  string,
]

for (const format of ['qcow2', 'raw'] as const) {
  const make = async (t: TestContext) => {
    const options = { ...(await folders(t)), format }
    return { driver: new FilesVolumeDriver(options), again: () => new FilesVolumeDriver(options), guest }
  }
  volumeDriverContract(`files volume driver, ${format}`, make, { skip: missing })
}

test('a daemon that was killed comes back and serves again; the guest only waits', { skip }, async (t) => {
  const { options, driver, connection } = await connectedVolume(t)
  await guest.write(connection, 3, 5)
  // Each qemu-io command begins when the line before is answered; the second write meets a dead daemon.
  const client = interactiveGuest(t, connection)
  await client.ask('write -P 6 4M 1M', /wrote 1048576/)
  process.kill((await findDaemonPid(settle(options)))!, 'SIGKILL')
  await client.ask('write -P 7 5M 1M', /wrote 1048576/)
  await client.ask('flush', /qemu-io>/)
  for (const [offset, byte] of [
    [3, 5],
    [4, 6],
    [5, 7],
  ] as const) {
    await guest.expect(await driver.connect(id, attachment, false), offset, byte)
  }
  await driver.close()
})

test('after a power cut, open starts a daemon and serves what was served', { skip }, async (t) => {
  const { options, driver: first, connection } = await connectedVolume(t)
  await first.close()
  assert.ok(await findDaemonPid(settle(options)), 'close leaves the daemon to its guests')
  await guest.write(connection, 0, 5)
  await endDaemon(settle(options), (await findDaemonPid(settle(options)))!)
  await rm(options.runtimeDir, { recursive: true })
  const next = new FilesVolumeDriver(options)
  await next.open()
  await guest.expect(connection, 0, 5)
  await next.disconnect(id, attachment)
  await next.close()
  assert.equal(await findDaemonPid(settle(options)), undefined, 'a daemon without guests ends with the driver')
})

test('a daemon that lost its sockets is replaced', { skip }, async (t) => {
  const { options, driver: first, connection } = await connectedVolume(t)
  await first.close()
  const before = await findDaemonPid(settle(options))
  await rm(options.runtimeDir, { recursive: true })
  const next = new FilesVolumeDriver(options)
  await next.open()
  assert.notEqual(await findDaemonPid(settle(options)), before)
  await guest.expect(connection, 0, 0)
  await next.close()
})

test('open finishes what a crash cut short: drafts go, exports follow the notes', { skip }, async (t) => {
  const options = await folders(t)
  const first = new FilesVolumeDriver(options)
  await first.open()
  await first.createEmpty(id, 1)
  await first.createEmpty(other, 1)
  const gone = await first.connect(id, attachment, false)
  await first.connect(id, id, false)
  await first.connect(other, other, false)
  await first.close()
  const notes = join(options.dir, 'connections.json')
  const saved = JSON.parse(await readFile(notes, 'utf8')) as { connections: { attachmentId: string }[] }
  saved.connections = saved.connections.filter((entry) => entry.attachmentId === id)
  await writeFile(notes, JSON.stringify(saved))
  await writeFile(join(options.dir, 'work', 'half-a-volume'), 'x')
  const next = new FilesVolumeDriver(options)
  await next.open()
  assert.deepEqual(await readdir(join(options.dir, 'work')), [])
  assert.deepEqual((await next.observe()).connected, [id])
  await assert.rejects(guest.expect(gone, 0, 0))
  await guest.expect(await next.connect(id, id, false), 0, 0)
  await next.remove(other)
  await next.disconnect(id, id)
  await next.remove(id)
  await next.close()
})

test('open ends a copy that nobody waits for any more', { skip }, async (t) => {
  const { options, driver: first, connection } = await connectedVolume(t)
  await guest.write(connection, 0, 5)
  await first.close()
  const target = join(options.dir, 'work', 'copy')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', target, '1G'])
  const daemon = await QmpClient.connect(settle(options).monitorSocket, {
    peer: 'The storage daemon',
    greetWithinMs: 5000,
    firstAnswerWithinMs: 5000,
    answerWithinMs: 5000,
  })
  const file = { driver: 'file', filename: target }
  await daemon.execute('blockdev-add', { driver: 'qcow2', 'node-name': 'copy-of-a-dead-process', file })
  const nodes = (await daemon.execute('query-named-block-nodes', { flat: true })) as { 'node-name': string }[]
  const device = nodes.find((node) => node['node-name'].startsWith('disk-'))!['node-name']
  const job = { 'job-id': 'slow', device, target: 'copy-of-a-dead-process', sync: 'full', speed: 1 }
  await daemon.execute('blockdev-backup', { ...job, 'auto-dismiss': false })
  daemon.close()
  await whileOpen(options, async (next) => {
    assert.deepEqual(await readdir(join(options.dir, 'work')), [])
    await next.extend(id, 2)
    await next.createFromVolume(other, 2, id)
    await guest.expect(await next.connect(other, other, true), 0, 5)
  })
})

test('a daemon that greets but never answers is replaced by one that does', { skip }, async (t) => {
  const options = { ...(await folders(t)), greetWithinMs: 1000, answerWithinMs: 5000 }
  const mute = await muteDaemonOnPath(t)
  await whileOpen(options, async (driver) => {
    assert.ok(existsSync(mute.wasHere))
    await driver.createEmpty(id, 1)
  })
})

test('a daemon that stops answering while it works is replaced', { skip }, async (t) => {
  const options = { ...(await folders(t)), greetWithinMs: 300, answerWithinMs: 300 }
  await whileOpen(options, async (driver) => {
    await driver.createEmpty(id, 1)
    const connection = await driver.connect(id, attachment, false)
    await guest.write(connection, 0, 5)
    const pid = (await findDaemonPid(settle(options)))!
    process.kill(pid, 'SIGSTOP')
    await assert.rejects(driver.connect(id, other, true), /did not answer/)
    await guest.expect(await driver.connect(id, attachment, false), 0, 5)
    assert.notEqual(await findDaemonPid(settle(options)), pid)
  })
})

test('a second driver on the same volumes is refused while the first works', { skip }, async (t) => {
  const options = await folders(t)
  await whileOpen(options, async () => {
    await assert.rejects(new FilesVolumeDriver({ ...options, greetWithinMs: 100 }).open(), /another process/)
  })
})

test('an image cannot reach for other files', { skip }, async (t) => {
  const options = await folders(t)
  await whileOpen(options, async (driver) => {
    const secret = join(options.dir, 'secret')
    await writeFile(secret, Buffer.alloc(65_536, 's'))
    const image = join(options.dir, 'image')
    for (const [dependence, reason] of [
      [['-b', secret, '-F', 'raw'], /backing file/],
      [['-o', `data_file=${image}.data`], /another file/],
    ] as const) {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...dependence, image, '1M'])
      const bytes = Readable.from([await readFile(image)])
      await assert.rejects(driver.createFromImage(id, 1, 'qcow2', bytes), reason)
    }
    assert.deepEqual((await driver.observe()).volumes, [])
    assert.deepEqual(await readdir(join(options.dir, 'work')), [])
  })
})

test('daemon and tools run as another user, and a group may use the socket', { skip }, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root')
  const options = { ...(await folders(t)), runAs: { uid: 65534, gid: 65534 }, clientGroup: 12345 }
  await whileOpen(options, async (driver) => {
    await driver.createFromImage(id, 1, 'raw', Readable.from([Buffer.alloc(1 << 20, 3)]))
    await driver.createSnapshot(attachment, id)
    await driver.createFromSnapshot(other, 1, { id: attachment, volumeId: id })
    const connection = await driver.connect(other, other, false)
    const socket = await stat(settle(options).nbdSocket)
    assert.equal(socket.gid, 12345)
    assert.equal(socket.mode & 0o777, 0o660)
    const asGuest = ['-r', '-f', 'raw', '-c', 'read -P 3 0 1M', urlOf(connection)]
    const { stdout } = await run('qemu-io', asGuest, { uid: 54321, gid: 12345 })
    assert.match(stdout, /read 1048576/)
    assert.doesNotMatch(stdout, /failed/)
    await assert.rejects(run('qemu-io', asGuest, { uid: 54321, gid: 54321 }))
    await driver.disconnect(other, other)
  })
})

test('a path that is too long for a socket is refused at once', () => {
  assert.throws(() => new FilesVolumeDriver({ dir: '/x', runtimeDir: `/${'d'.repeat(100)}`, log }), /107 bytes/)
})

async function folders(t: TestContext): Promise<FilesVolumeOptions> {
  const root = await mkdtemp(join(tmpdir(), 'vol-'))
  const options = { dir: join(root, 'state'), runtimeDir: join(root, 'run'), log }
  await run('chmod', ['0711', root])
  t.after(async () => {
    const pid = await findDaemonPid(settle(options))
    if (pid !== undefined) await endDaemon(settle(options), pid)
    await rm(root, { recursive: true, force: true })
  })
  return options
}

/** An open driver, and a volume of it that is served. */
async function connectedVolume(t: TestContext) {
  const options = await folders(t)
  const driver = new FilesVolumeDriver(options)
  await driver.open()
  await driver.createEmpty(id, 1)
  return { options, driver, connection: await driver.connect(id, attachment, false) }
}

async function whileOpen(options: FilesVolumeOptions, body: (driver: FilesVolumeDriver) => Promise<void>) {
  const driver = new FilesVolumeDriver(options)
  await driver.open()
  try {
    await body(driver)
  } finally {
    await driver.close()
  }
}

/** Puts a program in front of qemu-storage-daemon that is mute the first time and the real one from then on. */
async function muteDaemonOnPath(t: TestContext): Promise<{ wasHere: string }> {
  const mute = await muteProgram(t, 'qemu-storage-daemon', '/usr/bin/qemu-storage-daemon')
  const before = process.env.PATH
  process.env.PATH = `${mute.folder}:${before}`
  t.after(() => {
    process.env.PATH = before
  })
  return mute
}

function urlOf(connection: VolumeConnection): string {
  assert.ok(connection.kind === 'nbd' && 'socket' in connection.address)
  return `nbd+unix:///${connection.export}?socket=${connection.address.socket}`
}

const guest: VolumeGuest = {
  async write(connection, offsetMiB, byte) {
    await qemuIo(connection, [], `write -P ${byte} ${offsetMiB}M 1M`)
  },
  async expect(connection, offsetMiB, byte) {
    await qemuIo(connection, ['-r'], `read -P ${byte} ${offsetMiB}M 1M`)
  },
  async sizeGiB(connection) {
    const { stdout } = await run('qemu-img', ['info', '--output=json', '-f', 'raw', urlOf(connection)])
    return (JSON.parse(stdout) as { 'virtual-size': number })['virtual-size'] / 1024 ** 3
  },
}

async function qemuIo(connection: VolumeConnection, options: string[], command: string): Promise<void> {
  const { stdout } = await run('qemu-io', [...options, '-f', 'raw', '-c', command, urlOf(connection)])
  // qemu-io reports a wrong pattern but still ends with 0.
  if (/failed/i.test(stdout)) throw new Error(stdout)
}

/** A guest that stays connected and waits for its disk, as QEMU is told to. */
function interactiveGuest(t: TestContext, connection: VolumeConnection) {
  assert.ok(connection.kind === 'nbd' && 'socket' in connection.address)
  const server = `server.type=unix,server.path=${connection.address.socket}`
  const image = `driver=nbd,${server},export=${connection.export},reconnect-delay=30`
  const child = execFile('qemu-io', ['--image-opts', image])
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  return {
    async ask(command: string, answer: RegExp): Promise<void> {
      said = ''
      const answered = new Promise<void>((settleIt, fail) => {
        child.stdout!.on('data', (text: string) => {
          said += text
          if (answer.test(said)) settleIt()
        })
        child.once('exit', () => fail(new Error(`qemu-io ended: ${said}`)))
      })
      child.stdin!.write(`${command}\n`)
      await answered
    },
  }
}
