// One real guest from image to ssh and away again: what only a kernel, QEMU and real packets can show.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { type DisposableCloud, startCloud } from '../cloud/start-cloud.ts'
import { projectRoot } from '../eden/root.ts'
import { type Ask, adminOf, until } from './client.ts'
import { tearDown, untilServer, untilVolume } from './scenario.ts'
import { quiet, unsettled } from './settled.ts'

// Never the synchronous kind: this process answers the guest's DHCP and metadata.
const execute = promisify(execFile)
const image = process.env.CLOUDOS_TEST_IMAGE ?? join(projectRoot, '.cache/test-image/tinycloud-amd64.qcow2')
const has = (program: string) => ['/usr/bin', '/usr/sbin'].some((folder) => existsSync(join(folder, program)))
const lacks =
  (process.getuid?.() !== 0 && 'needs root') ||
  (!has('qemu-system-x86_64') && 'needs qemu-system-x86') ||
  (!has('nft') && 'needs nftables') ||
  (!has('ssh') && 'needs openssh-client') ||
  (!existsSync(image) && 'needs the test image: ./cloudos image build-test --out .cache/test-image')
/** Processors are emulated where there is no KVM. */
const bootWithinMs = 120_000
/** What the product promises for a permission that was taken away. */
const cutWithinMs = 1000

test('a real guest', { skip: lacks }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-guest-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const cloud = await startCloud({ real: true, settings: { network: { publicCidr: '172.24.77.0/24' } } })
  let closing: Promise<void> | undefined
  const close = () => (closing ??= cloud.close())
  t.after(close)
  const ask = await adminOf(cloud)
  const key = join(folder, 'key')
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const { made, address } = await makeGuest(ask, readFileSync(`${key}.pub`, 'utf8').trim())
  const inside = (command: string) => execute('ssh', [...sshTo(address, key), command], { timeout: 20_000 })

  await t.test('answers on its floating address', async () => {
    const hello = await until(
      'ssh to answer',
      () => inside('hostname').catch((error: Error) => ({ stdout: '', stderr: error.message })),
      ({ stdout }) => stdout !== '',
      bootWithinMs,
    )
    assert.equal(hello.stdout.trim(), 'guest')
  })

  await t.test('reads its metadata', async () => {
    const { stdout } = await inside('wget -q -O - http://169.254.169.254/openstack/latest/meta_data.json')
    const { uuid, name } = JSON.parse(stdout)
    assert.deepEqual({ uuid, name }, { uuid: made.server, name: 'guest' })
  })

  await t.test('sees a volume that is attached', async () => {
    made.volume = await create(ask, 'volume', '/v3/volumes', { volume: { name: 'guest', size: 1 } })
    await untilVolume(ask, made.volume, 'available')
    await create(ask, 'compute', `/v2.1/servers/${made.server}/os-volume_attachments`, {
      volumeAttachment: { volumeId: made.volume },
    })
    await untilVolume(ask, made.volume, 'in-use')
    const sectors = await until(
      '/dev/vdb',
      () => inside('cat /sys/block/vdb/size || true'),
      ({ stdout }) => stdout !== '',
    )
    assert.equal(Number(sectors.stdout) * 512, 1024 ** 3)
  })

  await t.test('is cut off within a second of the rule that let it in', async (t) => {
    const ticks = await openTicks(t, address, key)
    const { status } = await ask('network', 'DELETE', `/v2.0/security-group-rules/${made.rule}`)
    const repliedAt = performance.now()
    assert.equal(status, 204)
    await until('the ticks to stop', ticks.quietForMs, (quietMs) => quietMs > 3 * cutWithinMs)
    const lateMs = ticks.lastAt() - repliedAt
    assert.ok(lateMs < cutWithinMs, `the last tick came ${Math.round(lateMs)} ms after the reply`)
    t.diagnostic(`the last tick came ${Math.round(lateMs)} ms after the reply`)
  })

  await t.test('leaves nothing behind', async () => {
    const before = await tracesOf(cloud)
    for (const [kind, found] of Object.entries(before)) assert.notDeepEqual(found, [], `no ${kind} was found before`)
    await tearDown(ask, made)
    await quiet(cloud.cloud.assembly)
    assert.deepEqual(await unsettled(cloud.cloud.assembly), [])
    const guests = (await tracesOf(cloud)).processes.filter((line) => line.includes('qemu-system'))
    assert.deepEqual(guests, [])
    await close()
    assert.deepEqual(await tracesOf(cloud), { interfaces: [], namespaces: [], tables: [], processes: [], folders: [] })
  })
})

/** Creates something and says its id. */
async function create(ask: Ask, service: string, path: string, body: object): Promise<string> {
  const answer = await ask(service, 'POST', path, body, { 'openstack-api-version': 'compute 2.79, volume 3.59' })
  assert.ok(answer.status < 300, `POST ${service}${path}: ${answer.status} ${answer.text}`)
  const [inner] = Object.values(answer.body)
  return String(answer.body.id ?? (inner as { id: string }).id)
}

async function makeGuest(ask: Ask, publicKey: string) {
  const made: Record<string, string> = { key: 'guest' }
  const network = (path: string, body: object) => create(ask, 'network', `/v2.0/${path}`, body)
  made.image = await create(ask, 'image', '/v2/images', {
    name: 'guest',
    disk_format: 'qcow2',
    container_format: 'bare',
  })
  const upload = await ask('image', 'PUT', `/v2/images/${made.image}/file`, readFileSync(image))
  assert.equal(upload.status, 204, upload.text)
  const { body } = await ask('network', 'GET', '/v2.0/networks?router:external=true')
  const [external] = body.networks as [{ id: string }]
  made.network = await network('networks', { network: { name: 'guest' } })
  made.subnet = await network('subnets', {
    subnet: { network_id: made.network, ip_version: 4, cidr: '10.79.0.0/24' },
  })
  made.router = await network('routers', {
    router: { name: 'guest', external_gateway_info: { network_id: external.id } },
  })
  await ask('network', 'PUT', `/v2.0/routers/${made.router}/add_router_interface`, { subnet_id: made.subnet })
  made.group = await network('security-groups', { security_group: { name: 'guest' } })
  made.rule = await network('security-group-rules', {
    security_group_rule: {
      security_group_id: made.group,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
    },
  })
  made.port = await network('ports', { port: { network_id: made.network, security_groups: [made.group] } })
  made.floating = await network('floatingips', {
    floatingip: { floating_network_id: external.id, port_id: made.port },
  })
  const shown = await ask('network', 'GET', `/v2.0/floatingips/${made.floating}`)
  const address = (shown.body.floatingip as { floating_ip_address: string }).floating_ip_address
  await create(ask, 'compute', '/v2.1/os-keypairs', { keypair: { name: made.key, public_key: publicKey } })
  const nano = '0'
  made.server = await create(ask, 'compute', '/v2.1/servers', {
    server: {
      name: 'guest',
      imageRef: made.image,
      flavorRef: nano,
      key_name: made.key,
      networks: [{ port: made.port }],
    },
  })
  await untilServer(ask, made.server, 'ACTIVE')
  return { made, address }
}

const sshTo = (address: string, key: string) => [
  ...['-F', '/dev/null', '-i', key, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
  `cirros@${address}`,
]

/** A session in which the guest says something ten times a second; returns once it does. */
async function openTicks(t: TestContext, address: string, key: string) {
  const session = spawn('ssh', [...sshTo(address, key), 'while :; do echo tick; sleep 0.1; done'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(async () => {
    session.kill('SIGKILL')
    if (session.exitCode === null && session.signalCode === null) await once(session, 'exit')
  })
  let [count, lastAt] = [0, 0]
  session.stdout.on('data', () => {
    count += 1
    lastAt = performance.now()
  })
  await until(
    'ticks',
    async () => count,
    (seen) => seen > 5,
  )
  return { lastAt: () => lastAt, quietForMs: async () => performance.now() - lastAt }
}

/** What this cloud has on the host. */
async function tracesOf({ traces: { stateDir, runtimeDir, networkPrefix } }: DisposableCloud) {
  const begins = (names: string[]) => names.filter((name) => name.startsWith(networkPrefix))
  const { stdout } = await execute('nft', ['-j', 'list', 'tables'])
  const { nftables } = JSON.parse(stdout) as { nftables: { table?: { name: string } }[] }
  const folders = [stateDir, runtimeDir]
  return {
    interfaces: begins(readdirSync('/sys/class/net')),
    namespaces: existsSync('/run/netns') ? begins(readdirSync('/run/netns')) : [],
    tables: begins(nftables.flatMap(({ table }) => table?.name ?? [])),
    processes: readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(commandLine)
      .filter((line) => folders.some((folder) => line.includes(folder))),
    folders: folders.filter(existsSync),
  }
}

/** Empty where the process has ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}
