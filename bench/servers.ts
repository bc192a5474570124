// Servers on the simulated driver: create to ACTIVE one at a time, processor time of the whole cloud, and the sustained rate.
// node bench/servers.ts [--one 100] [--many 1500] [--parallel 32]
import { parseArgs } from 'node:util'
import { adminOf, token } from '../acceptance/client.ts'
import { tinyDisk } from '../acceptance/scenario.ts'
import type { CloudSaid } from './cloud-process.ts'
import { cpuMs, median, memoryMiB, quantile, show, startProgram, stopProgram } from './measure.ts'

const { values } = parseArgs({
  options: {
    one: { type: 'string', default: '100' },
    many: { type: 'string', default: '1500' },
    parallel: { type: 'string', default: '32' },
  },
})
const here = new URL('.', import.meta.url).pathname
const { child, pid, said } = await startProgram<CloudSaid>(`${here}cloud-process.ts`, [])
try {
  const idle = memoryMiB(pid)
  const ask = await adminOf({ authUrl: said.authUrl, adminPassword: said.password, urls: said.urls } as never)
  const mine = await token(said.authUrl, 'admin', said.password)
  const image = String(
    (await ask('image', 'POST', '/v2/images', { name: 'bench', disk_format: 'raw', container_format: 'bare' })).body.id,
  )
  await ask('image', 'PUT', `/v2/images/${image}/file`, tinyDisk())
  const { network } = (await ask('network', 'POST', '/v2.0/networks', { network: { name: 'bench' } })).body as {
    network: { id: string }
  }
  await ask('network', 'POST', '/v2.0/subnets', {
    subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/16' },
  })
  const { flavors } = (await ask('compute', 'GET', '/v2.1/flavors')).body as { flavors: { id: string }[] }
  const { project } = (
    (await (
      await fetch(`${said.authUrl}/auth/tokens`, { headers: { 'x-auth-token': mine, 'x-subject-token': mine } })
    ).json()) as { token: { project: { id: string } } }
  ).token

  // News of servers come from the change stream, as a program that waits would have them: nobody polls.
  const active = new Map<string, (at: number) => void>()
  const seen = new Set<string>()
  const failed: string[] = []
  const events = await fetch(`${said.urls.eden}/eden/1/${project.id}/events?type=server`, {
    headers: { 'x-auth-token': mine },
  })
  void (async () => {
    let text = ''
    for await (const chunk of events.body!) {
      text += new TextDecoder().decode(chunk)
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
        text = text.slice(end + 2)
        if (!data) continue
        const { resource_id, after } = JSON.parse(data) as {
          resource_id: string
          after: Record<string, unknown> | null
        }
        if (after?.state === 'error') failed.push(resource_id)
        if (after?.state === 'active') {
          seen.add(resource_id)
          active.get(resource_id)?.(performance.now())
        }
      }
    }
  })().catch(() => {})
  const create = async (name: string) => {
    const from = performance.now()
    const answer = await ask('compute', 'POST', '/v2.1/servers', {
      server: { name, imageRef: image, flavorRef: flavors[0]!.id, networks: [{ uuid: network.id }] },
    })
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`)
    const posted = performance.now() - from
    const { id } = answer.body.server as { id: string }
    const at = seen.has(id) ? performance.now() : await new Promise<number>((resolve) => active.set(id, resolve))
    return { posted, total: at - from }
  }
  for (let n = 0; n < 30; n += 1) await create(`warm-${n}`)
  const cpu = cpuMs(pid)
  const times = []
  for (let n = 0; n < Number(values.one); n += 1) times.push(await create(`one-${n}`))
  const oneCpu = (cpuMs(pid) - cpu) / times.length
  show('One at a time', [
    {
      servers: times.length,
      'POST median ms': median(times.map(({ posted }) => posted)),
      'ACTIVE median ms': median(times.map(({ total }) => total)),
      'ACTIVE p99 ms': quantile(
        times.map(({ total }) => total),
        0.99,
      ),
      'CPU ms each': oneCpu,
    },
  ])
  const manyCpu = cpuMs(pid)
  const from = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: Number(values.parallel) }, async () => {
      while (next < Number(values.many)) {
        next += 1
        await create(`many-${next}`)
      }
    }),
  )
  const seconds = (performance.now() - from) / 1000
  show('Sustained, durable commits', [
    {
      servers: Number(values.many),
      'in flight': Number(values.parallel),
      'ACTIVE per second': Number(values.many) / seconds,
      'CPU ms each': (cpuMs(pid) - manyCpu) / Number(values.many),
      failed: failed.length,
    },
  ])
  show('Memory of the cloud, MiB', [{ 'idle rss': idle.rss, 'idle pss': idle.pss, 'after rss': memoryMiB(pid).rss }])
} finally {
  await stopProgram(child)
}
