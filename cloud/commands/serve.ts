// `cloudos serve`: the cloud itself, until it is told to stop. `up` runs this in the background.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cloudsYamlPath, knownPassword, writeCloudEntry } from '../../admin/install/clouds-yaml.ts'
import { prepareGuestUser } from '../../admin/install/guest-user.ts'
import { loadKernelModules } from '../../admin/install/kernel-modules.ts'
import { messageOf } from '../../eden/errors.ts'
import { openLog } from '../../eden/observe/log.ts'
import { openCloud } from '../cloud.ts'
import { planFor, runFlags, runHelp } from '../run-options.ts'
import { claimState, firstPassword, keepPlan, runtimeDirOf } from '../state.ts'

/** What the starting process is told. */
export type ServeNews =
  | { kind: 'step'; says: string }
  | { kind: 'ready'; authUrl: string; frontOrigin: string; password: string | undefined }
  | { kind: 'failed'; message: string }

const tell = (news: ServeNews) => {
  if (process.send) process.send(news)
  else if (news.kind === 'step') console.log(news.says)
  else if (news.kind === 'ready') console.log(`The cloud is up: ${news.authUrl} (credentials: ${cloudsYamlPath()})`)
}

export async function run(parameters: string[]): Promise<number> {
  const { values } = parseArgs({ args: parameters, options: runFlags })
  if (values.help) {
    console.log(`cloudos serve [options]\n\nRuns the cloud in the foreground.\n${runHelp}`)
    return 0
  }
  const claim = claimState(values.state)
  // Sends its steps to whoever started it, and nothing once that one has gone.
  process.on('disconnect', () => {
    process.send = undefined
  })
  const file = process.send ? join(values.state, 'cloud.log') : undefined
  const { log } = openLog({ level: values.log as 'info', ...(file && { file }) })
  try {
    const plan = planFor(values)
    const isRoot = process.getuid?.() === 0
    const runAs = isRoot && plan.drivers.compute !== 'simulated' ? await prepareGuestUser(values.state) : undefined
    if (isRoot && plan.drivers.network === 'linux') await loadKernelModules()
    // Before anything is made: what is there after a crash must be found again.
    keepPlan(values.state, plan)
    tell({ kind: 'step', says: 'Starting services…' })
    const first = firstPassword(values.state)
    const password = first.password ?? ''
    const cloud = await openCloud({
      plan,
      stateDir: values.state,
      runtimeDir: runtimeDirOf(values.state),
      durable: true,
      adminPassword: password,
      address: values.address,
      ports: values.ports === 'free' ? 'free' : 'classic',
      frontPort: Number(values['front-port']),
      corsOrigins: values.cors,
      log,
      ...(values.database && { database: values.database }),
      ...(values.policy && { policyFiles: [values.policy] }),
      ...(values['tls-cert'] &&
        values['tls-key'] && {
          tls: { cert: readFileSync(values['tls-cert'], 'utf8'), key: readFileSync(values['tls-key'], 'utf8') },
        }),
      ...(runAs && { runAs }),
    })
    const authUrl = `${cloud.authUrl}/v3`
    if (first.password) {
      writeCloudEntry({ authUrl, password, region: 'RegionOne' })
      first.given()
    }
    claim.note({ frontOrigin: cloud.doors.frontOrigin })
    log.info({ authUrl, pid: process.pid }, 'the cloud is up')
    tell({
      kind: 'ready',
      authUrl,
      frontOrigin: cloud.doors.frontOrigin,
      password: first.password ?? knownPassword(authUrl),
    })
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
    })
    log.info('the cloud stops')
    await cloud.close()
    return 0
  } catch (error) {
    log.error({ err: error }, 'the cloud did not start')
    tell({ kind: 'failed', message: messageOf(error) })
    return 1
  } finally {
    claim.release()
  }
}
