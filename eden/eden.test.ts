// The frame with one small service on it: what every service gets must hold here first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { change } from './changes/change.ts'
import { accepted, noContent, ok } from './http/request.ts'
import { enqueue } from './jobs/enqueue.ts'
import { job } from './jobs/job.ts'
import { policyRules } from './policy/rules.ts'
import { createdAt, flag, id, integer, maybe, oneOf, text, updatedAt } from './resource/fields.ts'
import { type Row, resource } from './resource/resource.ts'
import { routes, service } from './service.ts'
import { everyone } from './store/rows.ts'
import { testCloud, testProject } from './testing.ts'

const thing = resource('thing', {
  service: 'things',
  plural: 'things',
  owner: 'projectId',
  fields: {
    id: id({ readOnly: true }),
    projectId: id({ readOnly: true }),
    name: maybe(text()),
    sizeGiB: integer({ wire: 'size', min: 1 }),
    isPublic: flag({ default: false }),
    status: oneOf(['creating', 'available', 'error'], { readOnly: true }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
})
type Thing = Row<typeof thing>

interface Context {
  made: Set<string>
  failAt: string | undefined
}

const makeThing = job<Context, { id: string }>('thing.make')
  .step('make', {
    do: async ({ made, failAt }, { id }) => {
      if (failAt === 'make') throw new TypeError('the maker broke')
      made.add(id)
      return { place: 'here' }
    },
    undo: async ({ made }, { id }) => made.delete(id),
  })
  .write('settle', {
    do: async (tx, { id }, done) => {
      assert.equal(done.make.place, 'here')
      await tx.rows(thing).change(id, { status: 'available' })
    },
  })
  .failed((tx, { id }) => tx.rows(thing).change(id, { status: 'error' }))

const r = routes<Context>()
const things = service<Context>({
  name: 'things',
  ports: [],
  prefix: '/things',
  catalog: [],
  resources: [thing],
  policy: policyRules('things', { 'things:create': { check: 'rule:project_member_or_admin', says: 'Make a thing.' } }),
  migrations: [{ name: '0001-things', up: (schema) => schema.tables(thing) }],
  jobs: [makeThing as never],
  reconcilers: [],
  dialect: (problem) => ({ body: { error: { code: problem.status, message: problem.message } } }),
  context: () => ({ made: new Set(), failAt: undefined }),
  routes: [
    r('GET', '/things', async (_, call) => ok({ things: await call.rows(thing).list() })),
    r('GET', '/things/:id', async (_, call, { params }) => ok({ thing: await call.rows(thing).get(params.id!) })),
    r(
      'POST',
      '/things',
      async (_, call, { body }) => {
        const { size } = body as { size: number }
        const row = await call.transaction(async (tx) => {
          const row = await tx
            .rows(thing)
            .insert({ id: call.ids.uuid(), projectId: call.projectId, sizeGiB: size, status: 'creating' })
          await enqueue(tx, makeThing, { id: row.id }, { resourceType: 'thing', resourceId: row.id })
          return row
        })
        return accepted({ thing: row })
      },
      {
        rule: 'things:create',
        body: Type.Object({ size: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
      },
    ),
    r('DELETE', '/things/:id', async (_, call, { params }) => {
      await call.transaction(async (tx) => tx.rows(thing).remove(await tx.rows(thing).get(params.id!)))
      return noContent()
    }),
  ],
})

const start = async (t: { after(fn: () => Promise<void>): void }) => {
  const cloud = await testCloud({ services: [things] })
  t.after(() => cloud.close())
  return { ...cloud, context: cloud.assembly.contexts.get('things') as Context }
}

test('a resource is made by a job, seen by its project alone, and its changes are logged in order', async (t) => {
  const { ask, settled, assembly } = await start(t)
  const made = await ask('things', 'member', 'POST', '/things', { size: 2 })
  assert.equal(made.status, 202)
  await settled()
  const { id } = made.json.thing as Thing
  const shown = await ask('things', 'member', 'GET', `/things/${id}`)
  assert.equal((shown.json.thing as Thing).status, 'available')
  assert.equal((await ask('things', 'stranger', 'GET', `/things/${id}`)).status, 404)
  assert.equal((await ask('things', 'admin', 'GET', `/things/${id}`)).status, 200)
  assert.equal((await ask('things', 'stranger', 'DELETE', `/things/${id}`)).status, 404)
  assert.equal((await ask('things', 'member', 'DELETE', `/things/${id}`)).status, 204)
  const log = await assembly.store
    .reads()
    .rows(change, everyone('test'))
    .list({ where: { resourceId: id }, sort: [{ field: 'seq' }] })
  assert.deepEqual(
    log.map(({ action, projectId }) => [action, projectId]),
    [
      ['create', testProject],
      ['update', testProject],
      ['delete', testProject],
    ],
  )
  assert.equal(log[1]!.before!.status, 'creating')
})

test('a failing job undoes its steps and settles the resource', async (t) => {
  const { ask, settled, context } = await start(t)
  context.failAt = 'make'
  const { json } = await ask('things', 'member', 'POST', '/things', { size: 2 })
  await settled()
  const shown = await ask('things', 'member', 'GET', `/things/${(json.thing as Thing).id}`)
  assert.equal((shown.json.thing as Thing).status, 'error')
  assert.equal(context.made.size, 0)
})

test('a dry run answers like the real call and leaves nothing', async (t) => {
  const { ask, context } = await start(t)
  const dry = await ask('things', 'member', 'POST', '/things', { size: 2 }, { 'cloudos-dry-run': 'true' })
  assert.equal(dry.status, 202)
  assert.equal(dry.headers['cloudos-would-run'], 'thing.make(make settle)')
  assert.deepEqual((await ask('things', 'admin', 'GET', '/things')).json, { things: [] })
  assert.equal(context.made.size, 0)
})

test('a repeated POST with the same key is carried out once', async (t) => {
  const { ask } = await start(t)
  const key = { 'idempotency-key': 'k1' }
  const [first, second] = [
    await ask('things', 'member', 'POST', '/things', { size: 2 }, key),
    await ask('things', 'member', 'POST', '/things', { size: 2 }, key),
  ]
  assert.equal((first.json.thing as Thing).id, (second.json.thing as Thing).id)
  assert.equal((await ask('things', 'member', 'POST', '/things', { size: 3 }, key)).status, 409)
})

for (const [says, persona, method, url, body, status] of [
  ['no token', 'nobody', 'GET', '/things', undefined, 401],
  ['a reader may not write', 'reader', 'POST', '/things', { size: 1 }, 403],
  ['an unknown field', 'member', 'POST', '/things', { size: 1, colour: 'red' }, 400],
  ['a wrong type', 'member', 'POST', '/things', { size: 'big' }, 400],
  ['a missing body', 'member', 'POST', '/things', undefined, 400],
  ['an unknown path', 'member', 'GET', '/nothing', undefined, 404],
  ['a wrong method', 'member', 'PATCH', '/things', undefined, 405],
] as const)
  test(`${says} is refused with ${status}`, async (t) => {
    const { ask } = await start(t)
    const reply = await ask('things', persona, method, url, body)
    assert.equal(reply.status, status, JSON.stringify(reply.body))
  })
