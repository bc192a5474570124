// A pure read is answered from memory until a table that it was made from is written; callers never share replies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyRules } from '../policy/rules.ts'
import { id, text } from '../resource/fields.ts'
import { resource } from '../resource/resource.ts'
import { routes, service } from '../service.ts'
import { testCloud } from '../testing.ts'
import { noContent, ok } from './request.ts'

const note = resource('note', {
  service: 'notes',
  plural: 'notes',
  owner: 'projectId',
  fields: { id: id(), projectId: id(), text: text() },
})
const other = resource('other', { service: 'notes', plural: 'others', fields: { id: id() } })

interface Context {
  runs: number
}
const r = routes<Context>()
const notes = service<Context>({
  name: 'notes',
  ports: [],
  prefix: '/notes',
  catalog: [],
  resources: [note, other],
  policy: policyRules('notes', {}),
  migrations: [{ name: '0001', up: (schema) => schema.tables(note, other) }],
  jobs: [],
  reconcilers: [],
  dialect: (problem) => ({ body: { message: problem.message } }),
  context: () => ({ runs: 0 }),
  routes: [
    r(
      'GET',
      '/notes',
      async (context, call) => {
        context.runs += 1
        return ok({ notes: (await call.rows(note).list()).map((row) => row.text) })
      },
      { isPure: true },
    ),
    r('POST', '/notes/:text', async (_, call, { params }) => {
      await call.transaction((tx) =>
        tx.rows(note).insert({ id: call.ids.uuid(), projectId: call.projectId, text: params.text! }),
      )
      return noContent()
    }),
    r('POST', '/others', async (_, call) => {
      await call.transaction((tx) => tx.rows(other).insert({ id: call.ids.uuid() }))
      return noContent()
    }),
  ],
})

test('what was written shows at once, to each caller their own', async (t) => {
  const cloud = await testCloud({ services: [notes] })
  t.after(() => cloud.close())
  const context = cloud.assembly.contexts.get('notes') as Context
  const isAlone = cloud.assembly.store.isAlone
  const list = async (persona: string) => {
    const { body } = await cloud.ask('notes', persona, 'GET', '/notes')
    return (body instanceof Uint8Array ? JSON.parse(Buffer.from(body).toString()) : body).notes
  }
  assert.deepEqual([await list('member'), await list('member')], [[], []])
  assert.equal(context.runs, isAlone ? 1 : 2)
  await cloud.ask('notes', 'member', 'POST', '/others')
  await list('member')
  assert.equal(context.runs, isAlone ? 1 : 3, 'another table does not matter')
  await cloud.ask('notes', 'member', 'POST', '/notes/hello')
  assert.deepEqual(await list('member'), ['hello'])
  assert.deepEqual(await list('stranger'), [])
  await cloud.ask('notes', 'member', 'POST', '/notes/again', undefined, { 'cloudos-dry-run': 'true' })
  assert.deepEqual(await list('member'), ['hello'])
  assert.equal((await cloud.ask('notes', 'nobody', 'GET', '/notes')).status, 401)
})
