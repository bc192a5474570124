// Every write of every service is first run dry: same status, and database and hosts bit for bit as before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCloud } from '../cloud/start-cloud.ts'
import type { Assembly } from '../eden/assembly.ts'
import { cloudCredentials } from '../eden/call.ts'
import { type Answer, type Ask, adminOf } from './client.ts'
import { differences, dump } from './database.ts'
import { hostsOf, watchHosts } from './hosts.ts'
import { samples } from './samples/all.ts'
import { failAt, holdAt } from './samples/disturb.ts'
import { knownGaps } from './samples/known-gaps.ts'
import { filled, kept, type Made, type Sample } from './samples/sample.ts'
import { allWrites, writeOf } from './samples/writes.ts'
import { quiet } from './settled.ts'

test('each write run dry leaves everything as it was and answers like the real call', async (t) => {
  const cloud = await startCloud()
  t.after(() => cloud.close())
  const { assembly } = cloud.cloud
  const ask = await adminOf(cloud)
  const watch = watchHosts(assembly)
  const made: Made = {}
  const tried = new Set<string>()
  const wrong: string[] = []
  /** Set while a job is held up, so that nothing waits for its end. */
  let held: { reached: Promise<void>; letGo(): void } | undefined
  const settle = () => (held ? held.reached : quiet(assembly))

  for (const [table, list] of Object.entries(samples))
    for (const sample of list) {
      const { send, write, what } = requestOf(assembly, ask, sample, table, made)
      if (sample.prepares) {
        const heal = sample.fails ? failAt(assembly.jobs, sample.fails) : undefined
        if (sample.holds) held = holdAt(assembly.jobs, sample.holds)
        keep(sample, await send(), what)
        await settle()
        heal?.()
        continue
      }
      tried.add(write())
      await settle()
      const before = { rows: await dump(assembly), hosts: await hostsOf(assembly) }
      const [dry, asked] = await watch.during(() => send({ 'cloudos-dry-run': 'true' }))
      if (asked.length > 0) wrong.push(`${what} run dry had work done: ${asked.join(', ')}`)
      await settle()
      const changed = differences(before.rows, await dump(assembly)).filter(
        (row) => row.split(' ')[0] !== sample.changesTable,
      )
      if (changed.length > 0) wrong.push(`${what} run dry changed rows: ${changed.join('; ')}`)
      const hosts = await hostsOf(assembly)
      if (JSON.stringify(hosts) !== JSON.stringify(before.hosts))
        wrong.push(`${what} run dry changed hosts: ${JSON.stringify(before.hosts)} became ${JSON.stringify(hosts)}`)
      const real = await send()
      if (dry.status !== real.status)
        wrong.push(`${what}: dry ${dry.status} ${dry.text}, real ${real.status} ${real.text}`)
      held?.letGo()
      held = undefined
      keep(sample, real, what)
    }

  function keep(sample: Sample, { status, text, ...rest }: Answer, what: string) {
    const isExpected = sample.refuses === undefined ? status < 400 : status === sample.refuses
    assert.ok(isExpected, [`${what}: ${status} ${text}`, ...wrong].join('\n'))
    Object.assign(made, kept(sample, { status, text, ...rest }))
  }

  assert.deepEqual(wrong, [])
  const all = allWrites(assembly)
  const gaps = new Set(knownGaps)
  const missing = [...all].filter((write) => !tried.has(write) && !gaps.has(write))
  assert.deepEqual(missing, [], 'writes without a sample')
  const closed = [...gaps].filter((write) => tried.has(write) || !all.has(write))
  assert.deepEqual(closed, [], 'known gaps that are none any more: take them off the list')
  t.diagnostic(`${all.size} writes, ${tried.size} tried, ${gaps.size} known gaps`)
})

/** The sample as a request with all names filled in. */
function requestOf(assembly: Assembly, ask: Ask, sample: Sample, table: string, made: Made) {
  const service = assembly.services.find(({ name }) => name === (sample.of ?? table))!
  const [method, path] = filled(sample.ask, made).split(' ') as [string, string]
  const body = filled(sample.body, made)
  const version = sample.version ?? service.versions?.max
  const headers = {
    ...(service.versions && { 'openstack-api-version': `${service.versions.type} ${version}` }),
    ...(sample.asCloud && { 'x-auth-token': assembly.sealer.seal(cloudCredentials) }),
    ...filled(sample.headers ?? {}, made),
  }
  const shown = body === undefined || body instanceof Uint8Array ? '' : ` ${JSON.stringify(body)}`
  return {
    what: `${method} ${service.name}${path}${shown}`,
    write: () => writeOf(service, { method, path, version, body }),
    send: (more: Record<string, string> = {}) => ask(service.name, method, path, body, { ...headers, ...more }),
  }
}
