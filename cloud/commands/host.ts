// `cloudos host`: the host roles of one node, for a controller in another process or on another machine.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { prepareGuestUser } from '../../admin/install/guest-user.ts'
import { loadKernelModules } from '../../admin/install/kernel-modules.ts'
import { Agent } from '../../eden/host/agent.ts'
import { openLog } from '../../eden/observe/log.ts'
import { hostRoles } from '../roles.ts'
import { planFor } from '../run-options.ts'
import { defaultStateDir, runtimeDirOf } from '../state.ts'

const help = `cloudos host --name NAME --key-file FILE [options]

Runs compute, network and volume host roles of one node. FILE is the controller's 'host.key'.

  --roles LIST     compute,network,volume (all three unless told)
  --listen A:P     127.0.0.1:9010
  --tunnel ADDRESS this node's address in the tunnels between nodes
  --simulated      simulated drivers
  --delay MS       how long each call of a simulated driver takes
  --network-prefix P  first letters of everything on this host's network (cos)
  --plan FILE      the plan, for its drivers
  --state DIR      where the node keeps its guests and disks
`

export async function run(parameters: string[]): Promise<number> {
  const { values } = parseArgs({
    args: parameters,
    options: {
      name: { type: 'string' },
      'key-file': { type: 'string' },
      roles: { type: 'string', default: 'compute,network,volume' },
      listen: { type: 'string', default: '127.0.0.1:9010' },
      tunnel: { type: 'string' },
      simulated: { type: 'boolean', default: false },
      delay: { type: 'string', default: '0' },
      'network-prefix': { type: 'string' },
      plan: { type: 'string' },
      state: { type: 'string', default: defaultStateDir() },
      log: { type: 'string', default: 'info' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || !values.name || !values['key-file']) {
    console.log(help)
    return values.help ? 0 : 2
  }
  if (!existsSync(values['key-file']))
    throw new Error(`There is no file ${values['key-file']}; copy the controller's host.key.`)
  const { log } = openLog({ level: values.log as 'info' })
  const plan = planFor({
    state: values.state,
    simulated: values.simulated,
    set: [],
    ...(values.plan && { plan: values.plan }),
    ...(values['network-prefix'] && { 'network-prefix': values['network-prefix'] }),
  })
  mkdirSync(values.state, { recursive: true, mode: 0o711 })
  const isRoot = process.getuid?.() === 0
  if (isRoot && plan.drivers.network === 'linux') await loadKernelModules()
  const runAs = isRoot && plan.drivers.compute !== 'simulated' ? await prepareGuestUser(values.state) : undefined
  const hosts = values.roles.split(',') as ('compute' | 'network' | 'volume')[]
  const node = { name: values.name, hosts, ...(values.tunnel && { tunnelAddress: values.tunnel }) }
  const roles = await hostRoles(plan, node, {
    stateDir: values.state,
    runtimeDir: runtimeDirOf(values.state),
    log,
    simulated: { delayMs: Number(values.delay) },
    ...(runAs && { runAs }),
  })
  const colon = values.listen.lastIndexOf(':')
  const agent = new Agent({
    address: values.listen.slice(0, colon),
    port: Number(values.listen.slice(colon + 1)),
    key: Buffer.from(readFileSync(values['key-file'], 'utf8'), 'base64').toString('base64url'),
    roles,
    log,
  })
  await agent.start()
  console.log(`The host '${values.name}' serves ${hosts.join(', ')} on port ${agent.port}.`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
  await agent.stop()
  return 0
}
