// `cloudos status`: is the cloud of this machine running, and is it well?
import { parseArgs } from 'node:util'
import { defaultStateDir, runningProcess } from '../state.ts'

export async function run(parameters: string[]): Promise<number> {
  const { values } = parseArgs({ args: parameters, options: { state: { type: 'string', default: defaultStateDir() } } })
  const running = runningProcess(values.state)
  if (!running) {
    console.log(`No cloud runs on ${values.state}. './cloudos up' starts it.`)
    return 3
  }
  const health = running.frontOrigin
    ? await fetch(`${running.frontOrigin}/healthz`).then(
        (reply) => reply.ok,
        () => false,
      )
    : false
  console.log(
    `The cloud runs as process ${running.pid}; front door ${running.frontOrigin ?? 'not open yet'}; ${health ? 'healthy' : 'not answering yet'}.`,
  )
  return health ? 0 : 1
}
