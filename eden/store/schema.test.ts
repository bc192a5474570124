// A database is brought up to date once, found again by the same program, and refused by an older one.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { id, integer, maybe, text } from '../resource/fields.ts'
import { resource } from '../resource/resource.ts'
import { migrate } from './schema.ts'
import { openStore } from './store.ts'

const first = resource('thing', { service: 'things', plural: 'things', fields: { id: id(), name: maybe(text()) } })
const later = resource('thing', {
  service: 'things',
  plural: 'things',
  fields: { id: id(), name: maybe(text()), size: integer({ default: 7 }) },
})
const one = {
  name: '0001-things',
  up: (schema: Parameters<Parameters<typeof migrate>[1][0]['migrations'][0]['up']>[0]) => schema.tables(first),
}
const two = { name: '0002-sizes', up: (schema: Parameters<typeof one.up>[0]) => schema.tables(later) }

test('steps run once, rows keep their place, and a newer database is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-schema-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const open = () => openStore(join(folder, 'a.db'), { durable: false })
  const store = await open()
  const services = (migrations: (typeof one)[]) => [
    { name: 'things', migrations: [] },
    { name: 'things', migrations },
  ]
  await migrate(store, services([one]))
  await store.database.writer.exec(`insert into things_things (id, name) values ('a', 'b')`)
  await migrate(store, services([one]))
  await migrate(store, services([one, two]))
  const rows = await store.database.reader.all({ sql: 'select * from things_things', parameters: [] })
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ id: 'a', name: 'b', size: 7 }],
  )
  await assert.rejects(migrate(store, services([one])), /newer Cloud OS.*0002-sizes/)
  await store.close()
})
