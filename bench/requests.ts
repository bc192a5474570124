// Token validation and a list of 100 servers, each beside a bare HTTP server that sends a body of the same length.
// node bench/requests.ts [--seconds 4] [--rounds 3]
import { parseArgs } from 'node:util'
import { adminOf, token } from '../acceptance/client.ts'
import { tinyDisk, untilServer } from '../acceptance/scenario.ts'
import type { CloudSaid } from './cloud-process.ts'
import { type Load, load, median, show, startProgram, stopProgram } from './measure.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' } },
})
const here = new URL('.', import.meta.url).pathname
const { child, pid, said } = await startProgram<CloudSaid>(`${here}cloud-process.ts`, [])
try {
  const ask = await adminOf({ authUrl: said.authUrl, adminPassword: said.password, urls: said.urls } as never)
  const mine = await token(said.authUrl, 'admin', said.password)
  await hundredServers()
  const cases = {
    'token validation': {
      url: `${said.authUrl}/auth/tokens`,
      headers: { 'x-auth-token': mine, 'x-subject-token': mine },
    },
    'token validation, no catalog': {
      url: `${said.authUrl}/auth/tokens?nocatalog`,
      headers: { 'x-auth-token': mine, 'x-subject-token': mine },
    },
    'list of 100 servers': { url: `${said.urls.compute}/v2.1/servers`, headers: { 'x-auth-token': mine } },
    'list of 100 servers in detail': {
      url: `${said.urls.compute}/v2.1/servers/detail`,
      headers: { 'x-auth-token': mine },
    },
    'list of projects': { url: `${said.authUrl}/projects`, headers: { 'x-auth-token': mine } },
  }
  const rows: Record<string, string | number>[] = []
  for (const [name, { url, headers }] of Object.entries(cases))
    rows.push({ request: name, ...(await beside(url, headers)) })
  show('Beside a bare HTTP server (medians of the rounds)', rows)

  async function hundredServers() {
    const image = String(
      (await ask('image', 'POST', '/v2/images', { name: 'bench', disk_format: 'raw', container_format: 'bare' })).body
        .id,
    )
    await ask('image', 'PUT', `/v2/images/${image}/file`, tinyDisk())
    const { network } = (await ask('network', 'POST', '/v2.0/networks', { network: { name: 'bench' } })).body as {
      network: { id: string }
    }
    await ask('network', 'POST', '/v2.0/subnets', {
      subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/16' },
    })
    const { flavors } = (await ask('compute', 'GET', '/v2.1/flavors')).body as { flavors: { id: string }[] }
    for (let n = 0; n < 100; n += 1) {
      const made = await ask('compute', 'POST', '/v2.1/servers', {
        server: { name: `bench-${n}`, imageRef: image, flavorRef: flavors[0]!.id, networks: [{ uuid: network.id }] },
      })
      await untilServer(ask, (made.body.server as { id: string }).id, 'ACTIVE')
    }
  }

  async function beside(url: string, headers: Record<string, string>) {
    const options = { seconds: Number(values.seconds), connections: 1 }
    const ours: Load[] = []
    const bare: Load[] = []
    for (let round = 0; round < Number(values.rounds); round += 1) {
      ours.push(await load(url, headers, { ...options, pid }))
      const limit = await startProgram<{ url: string }>(`${here}bare-server.ts`, [String(ours[0]!.bytes)])
      bare.push(await load(limit.said.url, {}, { ...options, pid: limit.pid }))
      await stopProgram(limit.child)
    }
    const cpu = median(ours.map((one) => one.cpuMsPerRequest))
    const limit = median(bare.map((one) => one.cpuMsPerRequest))
    return {
      bytes: ours[0]!.bytes,
      'per second': median(ours.map((one) => one.perSecond)),
      'median ms': median(ours.map((one) => one.medianMs)),
      'CPU ms': cpu,
      'bare CPU ms': limit,
      ratio: cpu / limit,
    }
  }
} finally {
  await stopProgram(child)
}
