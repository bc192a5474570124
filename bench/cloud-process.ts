// A cloud in a process of its own, so that its processor time and memory are its alone. Simulated, on real disk.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCloud } from '../cloud/cloud.ts'
import { simulatedPlan } from '../cloud/plan.ts'
import { clientEnv } from '../cloud/start-cloud.ts'
import { silentLog } from '../eden/observe/log.ts'

export interface CloudSaid {
  authUrl: string
  password: string
  urls: Record<string, string>
  env: Record<string, string>
}

const folder = mkdtempSync(join(process.env.CLOUDOS_BENCH_DIR ?? tmpdir(), 'cloudos-bench-'))
const cloud = await openCloud({
  plan: {
    ...simulatedPlan,
    settings: {
      compute: {
        quotaInstances: -1,
        quotaCores: -1,
        quotaRam: -1,
        cpuAllocationRatio: 1000,
        ramAllocationRatio: '1000.0',
        diskAllocationRatio: '1000.0',
      },
      network: { quotaPorts: -1 },
    },
  },
  simulated: { vcpus: 1000, memoryMiB: 4_000_000, diskGiB: 1_000_000 },
  stateDir: folder,
  runtimeDir: join(folder, 'run'),
  durable: true,
  adminPassword: 'bench-password',
  address: '127.0.0.1',
  ports: 'free',
  frontPort: 0,
  log: silentLog(),
})
const authUrl = `${cloud.authUrl}/v3`
const said: CloudSaid = {
  authUrl,
  password: 'bench-password',
  urls: Object.fromEntries(cloud.doors.origins),
  env: clientEnv(authUrl, 'bench-password'),
}
console.log(JSON.stringify(said))
process.on('SIGTERM', async () => {
  await cloud.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
