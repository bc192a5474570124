// Trees, tags, names and the filters of lists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IdentityCloud, identityCloud } from '../testing.ts'

const make = async (cloud: IdentityCloud, project: Record<string, unknown>) =>
  String((await cloud.do('POST', '/v3/projects', { project })).project!.id)

const status = async (cloud: IdentityCloud, method: string, url: string, body?: unknown) =>
  (await cloud.ask('identity', cloud.admin, method, url, body)).status

test('lists are filtered by field, by part of a name and by tag, and come in pages', async (t) => {
  const cloud = await identityCloud(t)
  for (const [name, tags] of [
    ['alpha', ['x']],
    ['Alphabet', ['x', 'y']],
    ['beta', []],
  ] as const)
    await make(cloud, { name, tags })
  const names = async (query: string) => {
    const { projects } = (await cloud.do('GET', `/v3/projects?${query}`)) as unknown as { projects: { name: string }[] }
    return projects.map(({ name }) => name).sort()
  }
  assert.deepEqual(await names('name=alpha'), ['alpha'])
  assert.deepEqual(await names('name__startswith=alpha'), ['alpha'])
  assert.deepEqual(await names('name__istartswith=ALPHA'), ['Alphabet', 'alpha'])
  assert.deepEqual(await names('name__contains=eta'), ['beta'])
  assert.deepEqual(await names('name__endswith=ha'), ['alpha'])
  assert.deepEqual(await names('tags=x,y'), ['Alphabet'])
  assert.deepEqual(await names('tags-any=x,y'), ['Alphabet', 'alpha'])
  assert.deepEqual(await names('not-tags=x&name__contains=b'), ['beta'])
  const page = (await cloud.do('GET', '/v3/projects?limit=2')) as unknown as {
    projects: unknown[]
    links: { next: string }
  }
  assert.equal(page.projects.length, 2)
  assert.match(page.links.next, /^http:\/\/cloud.test\/v3\/projects\?limit=2&marker=/)
})

test('a tree keeps its order: depth, parents, disabled branches and children are minded', async (t) => {
  const cloud = await identityCloud(t, { maxProjectDepth: 2 })
  const top = await make(cloud, { name: 'top' })
  const below = await make(cloud, { name: 'below', parent_id: top })
  assert.equal(await status(cloud, 'POST', '/v3/projects', { project: { name: 'deep', parent_id: below } }), 403)
  assert.equal(await status(cloud, 'POST', '/v3/projects', { project: { name: 'top' } }), 409)
  assert.equal(await status(cloud, 'DELETE', `/v3/projects/${top}`), 403)
  assert.equal(await status(cloud, 'PATCH', `/v3/projects/${top}`, { project: { enabled: false } }), 403)
  assert.equal(await status(cloud, 'PATCH', `/v3/projects/${below}`, { project: { parent_id: null } }), 403)
  const shown = await cloud.do('GET', `/v3/projects/${top}?subtree_as_ids`)
  assert.deepEqual(shown.project!.subtree, { [below]: null })
  assert.equal(await status(cloud, 'DELETE', `/v3/projects/${below}`), 204)
})

for (const [says, body] of [
  ['an empty name', { name: '' }],
  ['a name of 65 letters', { name: 'a'.repeat(65) }],
  ['a flag that is text', { name: 'p', enabled: 'True' }],
  ['a tag with a comma', { name: 'p', tags: ['a,b'] }],
  ['no name', {}],
] as const)
  test(`${says} is refused`, async (t) => {
    const cloud = await identityCloud(t)
    const { status, json } = await cloud.ask('identity', cloud.admin, 'POST', '/v3/projects', { project: body })
    assert.equal(status, 400)
    const { error } = json as { error: { code: number; title: string; message: string } }
    assert.deepEqual([error.code, error.title], [400, 'Bad Request'])
  })

test('what is unknown is kept and shown again', async (t) => {
  const cloud = await identityCloud(t)
  const made = await cloud.do('POST', '/v3/users', { user: { name: 'u', email: 'u@example.org' } })
  const { id } = made.user!
  await cloud.do('PATCH', `/v3/users/${id}`, { user: { phone: '1' } })
  const { user } = await cloud.do('GET', `/v3/users/${id}`)
  assert.deepEqual([user!.email, user!.phone], ['u@example.org', '1'])
})
