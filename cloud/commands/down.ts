// `cloudos down`: the program stops; guests, their networks and disks go on unless told otherwise.
import { parseArgs } from 'node:util'
import { silentLog } from '../../eden/observe/log.ts'
import { realDrivers } from '../roles.ts'
import { planFor } from '../run-options.ts'
import { defaultStateDir, runningProcess, runtimeDirOf } from '../state.ts'

const stopWithinMs = 30_000
const guestGraceMs = 30_000

export async function run(parameters: string[]): Promise<number> {
  const { values } = parseArgs({
    args: parameters,
    options: {
      guests: { type: 'boolean', default: false },
      state: { type: 'string', default: defaultStateDir() },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log('cloudos down [--guests] [--state DIR]\n\nStops the cloud. --guests shuts its guests down too.')
    return 0
  }
  console.log((await stopProcess(values.state)) ? 'The cloud has stopped.' : 'The cloud was not running.')
  if (values.guests) await stopGuests(values.state)
  return 0
}

/** False where it was not running. */
export async function stopProcess(stateDir: string): Promise<boolean> {
  const running = runningProcess(stateDir)
  if (!running) return false
  process.kill(running.pid, 'SIGTERM')
  const until = Date.now() + stopWithinMs
  while (runningProcess(stateDir)) {
    if (Date.now() > until)
      throw new Error(`Process ${running.pid} did not stop within ${stopWithinMs / 1000} s; see its log.`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}

async function stopGuests(state: string) {
  const plan = planFor({ state, simulated: false, set: [] })
  const { compute } = await realDrivers(plan, { stateDir: state, runtimeDir: runtimeDirOf(state), log: silentLog() })
  if (!compute) return
  await compute.open()
  const guests = (await compute.observe()).filter(({ power }) => power === 'running' || power === 'paused')
  await Promise.all(guests.map(({ id }) => compute.stop(id, guestGraceMs)))
  await compute.close()
  console.log(`${guests.length} guests were shut down; they start again with the cloud.`)
}
