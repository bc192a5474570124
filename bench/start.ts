// `cloudos try` from exec until every API answers, and the memory of the idle cloud.
// node bench/start.ts [--runs 7]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { median, memoryMiB, show } from './measure.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } })
const launcher = new URL('../cloudos', import.meta.url).pathname
const times: number[] = []
const memory: { rss: number; pss: number }[] = []

for (let run = 0; run <= Number(values.runs); run += 1) {
  const from = performance.now()
  const child = spawn(launcher, ['try'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  const front = await new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      const found = /Front door: (\S+)/.exec(text)?.[1]
      if (found) resolve(found)
    })
  })
  const { services } = (await (await fetch(`${front}/`)).json()) as { services: { name: string; url: string | null }[] }
  const statuses = await Promise.all(
    services.filter(({ url }) => url).map(async ({ url }) => (await fetch(`${url}/`)).status),
  )
  if (statuses.some((status) => status >= 500)) throw new Error(`an API did not answer: ${statuses}`)
  // The first run fills the compile cache.
  if (run > 0) times.push((performance.now() - from) / 1000)
  await new Promise((resolve) => setTimeout(resolve, 2000))
  if (run > 0) memory.push(memoryMiB(child.pid!))
  child.kill('SIGTERM')
  await once(child, 'exit')
}
show('cloudos try', [
  {
    runs: times.length,
    'all APIs answer after s (median)': median(times),
    'fastest s': Math.min(...times),
    'slowest s': Math.max(...times),
    'idle rss MiB': median(memory.map(({ rss }) => rss)),
    'idle pss MiB': median(memory.map(({ pss }) => pss)),
  },
])
