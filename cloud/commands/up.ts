// `cloudos up`: from a bare machine to a running cloud, each step said; started again it tells how to reach it.
import { spawn } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cloudName, cloudsYamlPath } from '../../admin/install/clouds-yaml.ts'
import { installCommand, installPackages, missingPackages } from '../../admin/install/packages.ts'
import { planFor, runFlags, runHelp } from '../run-options.ts'
import { runningProcess } from '../state.ts'
import type { ServeNews } from './serve.ts'

const help = `cloudos up [options]

Starts the cloud on this machine. As root it installs the distribution's packages that are missing and makes real
networks; without root guests get user-mode networking, and what is missing is said.
${runHelp}`

export async function run(parameters: string[]): Promise<number> {
  const { values } = parseArgs({ args: parameters, options: runFlags })
  if (values.help) {
    console.log(help)
    return 0
  }
  const running = runningProcess(values.state)
  if (running) {
    console.log(
      `The cloud is running already (process ${running.pid}), front door ${running.frontOrigin ?? 'not open yet'}.`,
    )
    return 0
  }
  await provide(planFor(values).drivers)
  mkdirSync(values.state, { recursive: true, mode: 0o711 })
  const news = await startInBackground(parameters, values.state)
  console.log(`
The cloud is up.

  Identity    ${news.authUrl}
  Front door  ${news.frontOrigin}
  Credentials ${cloudsYamlPath()} (cloud '${cloudName}')${news.password ? `\n  Password    admin / ${news.password}` : ''}
  Log         ${join(values.state, 'cloud.log')}

Try:
  export OS_CLOUD=${cloudName}
  openstack flavor list        # the client: apt-get install python3-openstackclient

'./cloudos down' stops the cloud and leaves its guests running; './cloudos destroy' removes everything.`)
  return 0
}

async function provide(drivers: Record<string, string>) {
  const missing = missingPackages(drivers)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0)
    throw new Error(
      `These packages are missing: ${missing.join(' ')}\nInstall them once as root:\n  sudo ${installCommand(missing)}\nor start with simulated drivers: ./cloudos up --simulated`,
    )
  console.log(`Installing packages: ${missing.join(' ')} …`)
  await installPackages(missing)
}

function startInBackground(parameters: string[], stateDir: string): Promise<ServeNews & { kind: 'ready' }> {
  const log = openSync(join(stateDir, 'start.log'), 'a', 0o600)
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'serve', ...parameters], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.on('message', (news: ServeNews) => {
      if (news.kind === 'step') console.log(news.says)
      else if (news.kind === 'failed') reject(new Error(news.message))
      else {
        child.disconnect()
        child.unref()
        resolve(news)
      }
    })
    child.on('exit', (code) =>
      reject(new Error(`the cloud ended at once (status ${code}); see ${join(stateDir, 'cloud.log')}`)),
    )
  })
}
