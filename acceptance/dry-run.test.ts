// Every write of a walk through the cloud is first run dry: same status, and database and hosts bit for bit as before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCloud } from '../cloud/start-cloud.ts'
import { type Ask, adminOf } from './client.ts'
import { differences, dump } from './database.ts'
import { hostsOf } from './hosts.ts'
import { build, exercise, tearDown } from './scenario.ts'
import { quiet } from './settled.ts'

const writes = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

test('each write run dry leaves everything as it was and answers like the real call', async (t) => {
  const cloud = await startCloud()
  t.after(() => cloud.close())
  const { assembly } = cloud.cloud
  const plain = await adminOf(cloud)
  const tried = new Set<string>()
  const ask: Ask = async (service, method, path, body, headers = {}) => {
    if (!writes.has(method)) return plain(service, method, path, body, headers)
    await quiet(assembly)
    const before = { rows: await dump(assembly), hosts: await hostsOf(assembly) }
    const dry = await plain(service, method, path, body, { ...headers, 'cloudos-dry-run': 'true' })
    await assembly.jobs.idle()
    const what = `${method} ${service} ${path}`
    assert.deepEqual(differences(before.rows, await dump(assembly)), [], `${what} run dry`)
    assert.deepEqual(await hostsOf(assembly), before.hosts, `${what} run dry`)
    const real = await plain(service, method, path, body, headers)
    assert.equal(dry.status, real.status, `${what}: dry ${dry.status} ${dry.text}, real ${real.status} ${real.text}`)
    tried.add(`${method} ${service}${path.replace(/[0-9a-f-]{32,36}/g, ':id')}`)
    return real
  }
  const made = await build(ask)
  await exercise(ask, made)
  await tearDown(ask, made)
  t.diagnostic(`${tried.size} kinds of writes`)
})
