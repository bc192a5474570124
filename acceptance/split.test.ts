// The walk through the cloud with all host roles in another process: nothing else changes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { simulatedPlan } from '../cloud/plan.ts'
import { startCloud } from '../cloud/start-cloud.ts'
import { secretFile } from '../cloud/state.ts'
import { adminOf } from './client.ts'
import { build, exercise, tearDown } from './scenario.ts'
import { quiet, unsettled } from './settled.ts'

test('host roles in another process', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-split-'))
  const hostKeyFile = join(folder, 'host.key')
  secretFile(hostKeyFile, 32)
  const main = new URL('../cloud/main.ts', import.meta.url).pathname
  const agent = spawn(
    process.execPath,
    [
      main,
      'host',
      '--name',
      'far',
      '--key-file',
      hostKeyFile,
      '--listen',
      '127.0.0.1:0',
      '--simulated',
      '--state',
      join(folder, 'far'),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.after(async () => {
    agent.kill('SIGTERM')
    if (agent.exitCode === null) await once(agent, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  let port = ''
  for await (const line of createInterface({ input: agent.stdout })) {
    port = /port (\d+)/.exec(line)?.[1] ?? ''
    if (port) break
  }
  const nodes = [{ name: 'far', hosts: ['compute', 'network', 'volume'] as const, agent: `http://127.0.0.1:${port}` }]
  const cloud = await startCloud({
    hostKeyFile,
    plan: { ...simulatedPlan, nodes: nodes.map((node) => ({ ...node, hosts: [...node.hosts] })) },
  })
  t.after(() => cloud.close())
  const ask = await adminOf(cloud)
  const made = await build(ask)
  const { body } = await ask('compute', 'GET', `/v2.1/servers/${made.server}`)
  assert.equal((body.server as Record<string, unknown>)['OS-EXT-SRV-ATTR:host'], 'far')
  await exercise(ask, made)
  await tearDown(ask, made)
  await quiet(cloud.cloud.assembly)
  assert.deepEqual(await unsettled(cloud.cloud.assembly), [])
})
