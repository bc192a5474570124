// A disposable cloud as a library call: `const cloud = await startCloud()`; gone after `await cloud.close()`.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Log, silentLog } from '../eden/observe/log.ts'
import { type Cloud, openCloud } from './cloud.ts'
import { conformanceSettings } from './conformance.ts'
import { type Plan, realPlan, simulatedPlan, unprivilegedPlan } from './plan.ts'
import { removeTraces } from './traces.ts'

export interface StartCloudOptions {
  /** `free`: any ports; `classic`: 5000, 8774 and so on. */
  ports?: 'free' | 'classic'
  /** Real guests, networks and disks in a cloud that is removed again without trace. */
  real?: boolean
  /** The settings that OpenStack's own test suite expects. */
  conformance?: boolean
  /** Settings by service, e.g. `{ compute: { quotaCores: 100 } }`. */
  settings?: Record<string, Record<string, unknown>>
  /** PostgreSQL URL instead of memory. */
  database?: string
  adminPassword?: string
  log?: Log
  /** Size of each simulated host; delays. */
  simulated?: { vcpus?: number; memoryMiB?: number; diskGiB?: number; delayMs?: number }
  plan?: Plan
  /** Where agents on other nodes find the same key. */
  hostKeyFile?: string
}

export interface DisposableCloud {
  /** `http://127.0.0.1:PORT/v3` */
  authUrl: string
  adminPassword: string
  /** `OS_*` variables of the administrator. */
  env: Record<string, string>
  /** Base URL of each service. */
  urls: Record<string, string>
  /** The running cloud, for tests that look inside. */
  cloud: Cloud
  /** All that it makes on this host is in these folders or has a name that begins with the prefix. */
  traces: { stateDir: string; runtimeDir: string; networkPrefix: string }
  close(): Promise<void>
}

export async function startCloud(options: StartCloudOptions = {}): Promise<DisposableCloud> {
  const base = options.real ? (process.getuid?.() === 0 ? realPlan : unprivilegedPlan) : simulatedPlan
  const plan = options.plan ?? base
  const settings = merged(plan.settings, options.conformance ? conformanceSettings : {}, options.settings ?? {})
  const id = randomBytes(3).toString('hex')
  const stateDir = disposableFolder(options.real ?? false, id)
  const runtimeDir = join(tmpdir(), `${runtimePrefix}${process.pid}-${id}`)
  // Other clouds of this machine keep their own names and addresses.
  const networkPrefix = `c${id.slice(0, 4)}`
  const adminPassword = options.adminPassword ?? randomBytes(12).toString('base64url')
  const remove = async () => {
    if (options.real) await removeTraces({ plan, stateDir, runtimeDir, networkPrefix })
    rmSync(stateDir, { recursive: true, force: true })
    rmSync(runtimeDir, { recursive: true, force: true })
  }
  try {
    const cloud = await openCloud({
      plan: { ...plan, settings },
      stateDir,
      runtimeDir,
      networkPrefix,
      adminPassword,
      durable: false,
      address: '127.0.0.1',
      ports: options.ports ?? 'free',
      frontPort: 9000,
      log: options.log ?? silentLog(),
      ...(options.hostKeyFile && { hostKeyFile: options.hostKeyFile }),
      ...(options.database && { database: options.database }),
      ...(options.simulated && { simulated: options.simulated }),
    })
    const authUrl = `${cloud.authUrl}/v3`
    return {
      authUrl,
      adminPassword,
      env: clientEnv(authUrl, adminPassword),
      urls: Object.fromEntries(cloud.doors.origins),
      cloud,
      traces: { stateDir, runtimeDir, networkPrefix },
      async close() {
        await cloud.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** What OpenStack's clients read. */
export const clientEnv = (authUrl: string, adminPassword: string): Record<string, string> => ({
  OS_AUTH_URL: authUrl,
  OS_USERNAME: 'admin',
  OS_PASSWORD: adminPassword,
  OS_PROJECT_NAME: 'admin',
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_DOMAIN_NAME: 'Default',
  OS_REGION_NAME: 'RegionOne',
  OS_IDENTITY_API_VERSION: '3',
  OS_AUTH_TYPE: 'password',
})

const statePrefix = 'cloudos-try-'
const runtimePrefix = 'cos-'

/** In memory where nothing real is stored. Folders of processes that were killed are swept. */
function disposableFolder(isReal: boolean, id: string): string {
  const parent = !isReal && existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  if (parent === '/dev/shm') sweep(parent, statePrefix)
  if (!isReal) sweep(tmpdir(), runtimePrefix)
  return mkdtempSync(join(parent, `${statePrefix}${process.pid}-${id}-`))
}

/** Names are the prefix, the number of the process, and the cloud's own id. */
function sweep(parent: string, prefix: string) {
  for (const name of readdirSync(parent)) {
    const pid =
      name.startsWith(prefix) && name.includes('-', prefix.length) ? Number(name.slice(prefix.length).split('-')[0]) : 0
    if (pid > 0 && !existsSync(`/proc/${pid}`)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function merged(...layers: Record<string, Record<string, unknown>>[]): Record<string, Record<string, unknown>> {
  const result: Record<string, Record<string, unknown>> = {}
  for (const layer of layers)
    for (const [service, values] of Object.entries(layer)) result[service] = { ...result[service], ...values }
  return result
}
