// The documents agree with the code: the reference is what it prints today, the tour quotes lines that are there.
import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
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

test('the tour quotes code that exists', () => {
  const tour = readFileSync(join(projectRoot, 'docs/tour.md'), 'utf8')
  const quotes = [...tour.matchAll(/^`([\w/.-]+)`\n+```ts\n(.*?)```/gms)]
  assert.ok(quotes.length > 5)
  for (const [, path, code] of quotes) {
    const linesOf = (text: string) => text.split('\n').map((line) => line.trim())
    const lines = new Set(linesOf(readFileSync(join(projectRoot, path!), 'utf8')))
    for (const line of linesOf(code!))
      assert.ok(lines.has(line) || line === '', `docs/tour.md quotes a line that ${path} does not have: ${line}`)
  }
})

test('links between documents lead somewhere', () => {
  const pages = globSync('{docs,eden,kernel,drivers}/**/*.md', { cwd: projectRoot })
  const broken = pages.flatMap((page) =>
    [...readFileSync(join(projectRoot, page), 'utf8').matchAll(/\]\(([^)#:\s]+)[^):\s]*\)/g)]
      .filter(([, to]) => !existsSync(join(projectRoot, page, '..', to!)))
      .map(([, to]) => `${page} → ${to}`),
  )
  assert.deepEqual(broken, [])
})
