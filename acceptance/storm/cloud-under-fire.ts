// A cloud in processes of its own, with its own folder, names and addresses, that can be killed at any moment.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ServeNews } from '../../cloud/commands/serve.ts'
import { type Plan, realPlan, simulatedPlan } from '../../cloud/plan.ts'
import { runtimeDirOf, secretFile } from '../../cloud/state.ts'
import { removeTraces } from '../../cloud/traces.ts'
import { type Answer, asker, token } from '../client.ts'

export interface CloudSettings {
  /** Guests, networks and disks of this machine instead of simulated ones. */
  isReal: boolean
  /** Host roles in a second process, which survives its controller. Simulated hosts always are. */
  isSplit: boolean
  /** First letters of everything real that is made on the network. */
  prefix: string
  publicCidr: string
  /** PostgreSQL instead of the embedded database. */
  database?: string
  /** Simulated hosts take this long for everything. */
  delayMs: number
}

/** The cloud did not answer: whether it did what was asked is not known. */
export class Down extends Error {}

const hostName = 'far'
/** Quotas are not what is tried here. */
const plenty = ['compute.quotaCores', 'compute.quotaInstances', 'volume.quotaVolumes', 'volume.quotaSnapshots'].map(
  (name) => `${name}=1000`,
)
const main = new URL('../../cloud/main.ts', import.meta.url).pathname
const services = ['identity', 'compute', 'network', 'volume', 'image', 'eden']

export class CloudUnderFire {
  readonly settings: CloudSettings
  readonly folder: string
  readonly state: string
  readonly plan: Plan
  agentUrl = ''
  #controller: ChildProcess | undefined
  #host: ChildProcess | undefined
  #ask: ReturnType<typeof asker> | undefined
  #password = ''
  #up = Promise.withResolvers<void>()
  readonly #keyFile: string

  constructor(settings: CloudSettings) {
    this.settings = settings
    this.folder = mkdtempSync(join(tmpdir(), 'storm-'))
    // Guests run under a user of their own, who passes through.
    chmodSync(this.folder, 0o711)
    this.state = join(this.folder, 's')
    mkdirSync(join(this.state), { recursive: true, mode: 0o711 })
    this.#keyFile = join(this.folder, 'host.key')
    secretFile(this.#keyFile, 32)
    copyFileSync(this.#keyFile, join(this.state, 'host.key'))
    const base = settings.isReal
      ? realPlan
      : { ...simulatedPlan, drivers: { ...simulatedPlan.drivers, image: 'files' } }
    this.plan = { ...(base as Plan), networkPrefix: settings.prefix }
  }

  get hostName() {
    return this.isSplit ? hostName : this.plan.nodes[0]!.name
  }

  get isSplit() {
    return this.settings.isSplit || !this.settings.isReal
  }

  /** Everything up for the first time. */
  async begin(): Promise<void> {
    const planFile = join(this.folder, 'plan.yaml')
    if (this.isSplit) {
      const port = await freePort()
      this.agentUrl = `http://127.0.0.1:${port}`
      const nodes = [{ name: hostName, hosts: ['compute', 'network', 'volume'], agent: this.agentUrl }]
      Object.assign(this.plan, { nodes })
    }
    writeFileSync(planFile, stringify(this.plan))
    if (this.isSplit) await this.startHost()
    await this.start()
  }

  async startHost(): Promise<void> {
    const listen = this.agentUrl.slice('http://'.length)
    const ownFolder = join(this.folder, 'h')
    this.#host = this.#spawn(
      ['host', '--name', hostName, '--key-file', this.#keyFile, '--listen', listen, '--state', ownFolder]
        .concat(['--plan', join(this.folder, 'plan.yaml'), '--log', 'warn', '--delay', String(this.settings.delayMs)])
        .concat(this.settings.isReal ? [] : ['--simulated']),
      'host.log',
      ['ignore', 'pipe', 'pipe'],
    )
    await says(this.#host, 'port ')
  }

  /** Resolves when the controller says that it is ready. @throws Down where it was killed before. */
  async start(): Promise<void> {
    const { settings } = this
    const child = this.#spawn(
      ['serve', '--state', this.state, '--plan', join(this.folder, 'plan.yaml'), '--ports', 'free', '--log', 'info']
        .concat(settings.isReal ? [] : ['--simulated'])
        .concat(settings.database ? ['--database', settings.database] : [])
        .concat([`network.publicCidr=${settings.publicCidr}`, ...plenty].flatMap((one) => ['--set', one])),
      'serve.log',
      ['ignore', 'pipe', 'pipe', 'ipc'],
    )
    this.#controller = child
    const news = await readiness(child)
    this.#password = news.password ?? this.#password
    const urls = Object.fromEntries(services.map((name) => [name, `${news.frontOrigin}/${name}`]))
    try {
      this.#ask = asker(urls, await token(`${urls.identity}/v3`, 'admin', this.#password))
    } catch (cause) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Down('killed before the first token', { cause })
      throw cause
    }
    this.#up.resolve()
  }

  async kill(): Promise<void> {
    this.#up.resolve()
    this.#up = Promise.withResolvers()
    this.#ask = undefined
    await killed(this.#controller)
  }

  async killHost(): Promise<void> {
    await killed(this.#host)
  }

  untilUp(): Promise<void> {
    return this.#up.promise
  }

  /** @throws Down where no answer came. */
  async ask(service: string, method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    const ask = this.#ask
    if (!ask) throw new Down('the controller is not up')
    let answer: Answer
    try {
      answer = await ask(service, method, path, body, { ...versions[service], ...headers })
    } catch (cause) {
      throw new Down(`${method} ${path} had no answer`, { cause })
    }
    return answer
  }

  /** Nothing is left of it on this machine. */
  async end(keepFolder = false): Promise<void> {
    await this.kill()
    await this.killHost()
    const stateDir = this.isSplit ? join(this.folder, 'h') : this.state
    if (this.settings.isReal) await removeTraces({ plan: this.plan, stateDir, runtimeDir: runtimeDirOf(stateDir) })
    for (const dir of [this.state, join(this.folder, 'h')]) rmSync(runtimeDirOf(dir), { recursive: true, force: true })
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(parameters: string[], log: string, stdio: ('ignore' | 'pipe' | 'ipc')[]): ChildProcess {
    const child = spawn(process.execPath, [main, ...parameters], {
      stdio,
      // The credentials file of whoever runs the storm stays as it is.
      env: { ...process.env, XDG_CONFIG_HOME: join(this.folder, 'config') },
    })
    const file = createWriteStream(join(this.folder, log), { flags: 'a' })
    child.stdout?.pipe(file, { end: false })
    child.stderr?.pipe(file, { end: false })
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    return child
  }
}

/** Newest of each service, as far as the storm needs it. */
const versions: Record<string, Record<string, string>> = {
  compute: { 'openstack-api-version': 'compute 2.79' },
  volume: { 'openstack-api-version': 'volume 3.59' },
}

function readiness(child: ChildProcess): Promise<ServeNews & { kind: 'ready' }> {
  return new Promise((resolve, reject) => {
    child.on('message', (news: ServeNews) => {
      if (news.kind === 'ready') resolve(news)
      else if (news.kind === 'failed') reject(new Error(`the cloud did not start: ${news.message}`))
    })
    child.once('exit', () => reject(new Down('killed before it was ready')))
  })
}

function says(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes(word)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the process ended at once (status ${code})`)))
  })
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
