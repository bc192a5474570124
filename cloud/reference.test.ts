// The reference pages in the repository are what the code prints today.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../eden/root.ts'
import { referencePages } from './reference.ts'
import { services } from './services.ts'

const folder = join(projectRoot, 'docs/reference')

test('docs/reference is current', () => {
  const pages = referencePages(services)
  for (const [name, text] of pages) {
    const path = join(folder, name)
    const kept = existsSync(path) ? readFileSync(path, 'utf8') : ''
    assert.ok(
      kept === text,
      `docs/reference/${name} is out of date; run: ./cloudos describe --all --out docs/reference`,
    )
  }
  assert.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort())
})
