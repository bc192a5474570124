// `cloudos destroy`: no guest, network, disk, file or user of this cloud is left on the machine.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { removeCloudEntry } from '../../admin/install/clouds-yaml.ts'
import { removeGuestUser } from '../../admin/install/guest-user.ts'
import { forgetKernelModules } from '../../admin/install/kernel-modules.ts'
import { planFor } from '../run-options.ts'
import { defaultStateDir, runtimeDirOf } from '../state.ts'
import { removeTraces } from '../traces.ts'
import { stopProcess } from './down.ts'

export async function run(parameters: string[]): Promise<number> {
  const { values } = parseArgs({
    args: parameters,
    options: {
      yes: { type: 'boolean', default: false },
      state: { type: 'string', default: defaultStateDir() },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(
      'cloudos destroy [--yes] [--state DIR]\n\nRemoves the cloud with all its guests and data. Packages stay.',
    )
    return 0
  }
  const { state } = values
  if (!existsSync(state)) {
    console.log(`There is no cloud in ${state}.`)
    return 0
  }
  if (!values.yes && !(await confirmed(state))) return 1
  await stopProcess(state)
  const runtimeDir = runtimeDirOf(state)
  if (existsSync(join(state, 'plan.yaml')))
    await removeTraces({ plan: planFor({ state, simulated: false, set: [] }), stateDir: state, runtimeDir })
  if (process.getuid?.() === 0) {
    if (await removeGuestUser(state)) forgetKernelModules()
    else console.log("The user 'cloudos' stays: another cloud on this machine uses it.")
  }
  removeCloudEntry()
  rmSync(runtimeDir, { recursive: true, force: true })
  rmSync(state, { recursive: true, force: true })
  console.log('The cloud and everything it had are gone.')
  return 0
}

async function confirmed(state: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error('This removes all guests and data; say --yes.')
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`Remove the cloud in ${state} with all its guests and data? Type 'destroy': `)
  lines.close()
  return answer.trim() === 'destroy'
}
