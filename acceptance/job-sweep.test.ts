// Every job that a walk through the cloud starts, failing before and after each of its steps, and with each step done twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCloud } from '../cloud/start-cloud.ts'
import { Problem } from '../eden/errors.ts'
import { type Ask, adminOf, until } from './client.ts'
import { build, exercise, tearDown } from './scenario.ts'
import { quiet, unsettled } from './settled.ts'

interface Fault {
  job: string
  step: string
  at: 'before' | 'after'
  /** `once`: the try fails and is repeated, so the step is done twice; `fatal`: the job turns back. */
  kind: 'once' | 'fatal'
}

/** Walks as far as the fault lets it; what could not be made is left out of what is taken away. */
async function walk(ask: Ask, tag: string) {
  const made: Record<string, string> = {}
  const noting: Ask = async (service, method, path, body, headers) => {
    const answer = await ask(service, method, path, body, headers)
    const [kind, value] = Object.entries(answer.body)[0] ?? []
    const id = (value as { id?: string; name?: string } | undefined)?.id
    if (method === 'POST' && kind && id && !made[kind]) made[kind] = id
    if (service === 'image' && method === 'POST' && typeof answer.body.id === 'string') made.image = answer.body.id
    return answer
  }
  try {
    await exercise(noting, await build(noting, tag))
  } catch {
    // The fault did its work; what counts is what is left.
  }
  return { ...made, group: made.security_group, floating: made.floatingip, key: tag } as Record<string, string>
}

test('no job leaves anything behind, wherever it fails', async (t) => {
  const cloud = await startCloud()
  t.after(() => cloud.close())
  const { assembly } = cloud.cloud
  const ask = await adminOf(cloud)
  const seen = new Map<string, Set<string>>()
  assembly.jobs.probe = (at, job, step) => {
    if (at === 'before') seen.set(job, (seen.get(job) ?? new Set()).add(step))
  }
  const clean = await build(ask, 'clean')
  await exercise(ask, clean)
  await tearDown(ask, clean)
  await assembly.jobs.idle()
  const faults = [...seen].flatMap(([job, steps]) =>
    [...steps].flatMap((step) =>
      (['before', 'after'] as const).flatMap((at) =>
        (['once', 'fatal'] as const).map((kind): Fault => ({ job, step, at, kind })),
      ),
    ),
  )
  assert.ok(faults.length > 20, 'the walk starts jobs')
  for (const fault of faults)
    await t.test(`${fault.job} ${fault.kind} ${fault.at} ${fault.step}`, async () => {
      let left = 1
      assembly.jobs.probe = (at, job, step, direction) => {
        if (left === 0 || direction !== 'do' || at !== fault.at || job !== fault.job || step !== fault.step) return
        left -= 1
        throw fault.kind === 'once' ? new Problem(503, 'unavailable', 'injected') : new TypeError('injected')
      }
      const made = await walk(ask, 'swept')
      // A fault in what takes things away: some of it stays, and goes the next time.
      if (left > 0) await tearDown(ask, made, 3000).catch(() => {})
      assembly.jobs.probe = undefined
      await quiet(assembly)
      assert.equal(left, 0, 'the fault was met')
      assert.deepEqual(await unsettled(assembly), [], 'after the fault')
      await tearDown(ask, made)
      await quiet(assembly)
      await until(
        'the hosts to be clean',
        () => unsettled(assembly),
        (wrong) => wrong.length === 0,
        5000,
      )
    })
})
