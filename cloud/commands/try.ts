// `cloudos try`: a cloud for as long as this process, or one command, runs.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { openLog } from '../../eden/observe/log.ts'
import { startCloud } from '../start-cloud.ts'

const help = `cloudos try [options] [-- COMMAND …]

Starts a disposable cloud with all its services. With a command: runs it with OS_* set and exits with its status.
Otherwise prints how to reach the cloud and runs until Ctrl-C.

  --ports classic   the usual ports (5000, 8774 …) instead of free ones
  --real            this host's real drivers (QEMU, Linux networks, files); removed again without trace
  --conformance     the settings that OpenStack's own test suite expects
  --database URL    PostgreSQL instead of memory
  --set S.NAME=V    a setting, e.g. --set compute.quotaCores=100 (see 'cloudos describe')
  --log LEVEL       debug, info, warn or error; to standard error
`

export async function run(parameters: string[]): Promise<number> {
  const split = parameters.indexOf('--')
  const command = split < 0 ? [] : parameters.slice(split + 1)
  const { values } = parseArgs({
    args: split < 0 ? parameters : parameters.slice(0, split),
    options: {
      ports: { type: 'string', default: 'free' },
      real: { type: 'boolean', default: false },
      conformance: { type: 'boolean', default: false },
      database: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      log: { type: 'string', default: 'warn' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  if (values.ports !== 'free' && values.ports !== 'classic') throw new Error(`--ports takes 'free' or 'classic'`)
  const { log } = openLog({ level: values.log as 'warn' })
  const started = performance.now()
  const cloud = await startCloud({
    ports: values.ports,
    real: values.real,
    conformance: values.conformance,
    settings: settingsFrom(values.set),
    log,
    ...(values.database && { database: values.database }),
  })
  const stopped = stopSignal()
  try {
    if (command.length > 0) return await runCommand(command, cloud.env)
    console.log(`A cloud is up after ${((performance.now() - started) / 1000).toFixed(2)} s. It ends with Ctrl-C.\n`)
    for (const [name, value] of Object.entries(cloud.env)) console.log(`export ${name}='${value}'`)
    console.log(`\nFront door: ${cloud.cloud.doors.frontOrigin}\nTry: openstack server list`)
    await stopped
    return 0
  } finally {
    await cloud.close()
  }
}

const stopSignal = () =>
  new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  })

export function settingsFrom(flags: string[]): Record<string, Record<string, unknown>> {
  const result: Record<string, Record<string, unknown>> = {}
  for (const flag of flags) {
    const match = /^(\w+)\.(\w+)=(.*)$/s.exec(flag)
    if (!match) throw new Error(`--set takes SERVICE.NAME=VALUE, not '${flag}'`)
    const [, service, name, value] = match
    result[service!] = { ...result[service!], [name!]: value }
  }
  return result
}

function runCommand([program, ...rest]: string[], env: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OS_')))
    const child = spawn(program!, rest, { stdio: 'inherit', env: { ...clean, ...env } })
    child.on('error', () => reject(new Error(`'${program}' cannot be run; is it installed?`)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
