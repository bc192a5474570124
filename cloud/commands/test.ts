// `cloudos test`: types, style, imports, then every test, on SQLite and, where PostgreSQL is installed, on it as well.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { run as runTests } from 'node:test'
import { parseArgs } from 'node:util'
import { projectRoot } from '../../eden/root.ts'
import { importProblems } from '../import-table.ts'
import { startTestPostgres } from '../test-postgres.ts'

const root = `${projectRoot}/`
const folders = ['eden', 'kernel', 'drivers', 'cloud', 'admin', 'acceptance']
/** Tests of these folders go through the store, so they run on both databases. */
const onBothDatabases = ['eden', 'kernel']
const fileWithinMs = 300_000

interface Tally {
  passed: number
  failed: number
  skipped: string[]
}

export async function run(parameters: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      'sqlite-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log('cloudos test [--sqlite-only] [PATH …]\n\nRuns the checks and every test, or those below the paths.')
    return 0
  }
  const tally: Tally = { passed: 0, failed: 0, skipped: [] }
  if (positionals.length === 0) checks(tally)
  const all = positionals.length > 0 ? positionals : folders
  console.log('\n— tests on SQLite —')
  await testFiles(filesBelow(all), {}, tally)
  if (!values['sqlite-only'])
    await onPostgres(filesBelow(all.filter((path) => onBothDatabases.some((one) => path.startsWith(one)))), tally)
  for (const name of tally.skipped) console.log(`skipped: ${name}`)
  console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`)
  return tally.failed === 0 ? 0 : 1
}

function checks(tally: Tally) {
  const bin = `${root}node_modules/.bin/`
  for (const [says, program, ...rest] of [
    ['types', `${bin}tsc`, '--noEmit'],
    ['style and lint', `${bin}biome`, 'check', '--error-on-warnings', '.'],
  ] as const) {
    const { status } = spawnSync(program, rest, { cwd: root, stdio: 'inherit' })
    count(tally, says, status === 0)
  }
  const problems = importProblems(root)
  for (const problem of problems) console.log(problem)
  count(tally, 'imports', problems.length === 0)
}

function count(tally: Tally, says: string, isOk: boolean) {
  console.log(`${isOk ? 'ok  ' : 'FAIL'} ${says}`)
  if (isOk) tally.passed += 1
  else tally.failed += 1
}

const filesBelow = (paths: string[]) =>
  paths
    .flatMap((path) => (path.endsWith('.ts') ? [path] : globSync(`${path}/**/*.test.ts`, { cwd: root })))
    .map((path) => (path.startsWith('/') ? path : root + path))
    .sort()

async function onPostgres(files: string[], tally: Tally) {
  if (files.length === 0) return
  const server = await startTestPostgres()
  if (!server) {
    tally.skipped.push('all service tests on PostgreSQL: needs the package postgresql')
    return
  }
  try {
    console.log('\n— service tests on PostgreSQL —')
    await testFiles(files, { CLOUDOS_TEST_DATABASE: server.url }, tally)
  } finally {
    await server.stop()
  }
}

function testFiles(files: string[], env: Record<string, string>, tally: Tally): Promise<void> {
  const saved = { ...process.env }
  Object.assign(process.env, env)
  return new Promise((resolve) => {
    const stream = runTests({ files, concurrency: 2, timeout: fileWithinMs, cwd: root })
    const where = (file: string | undefined) => (file ?? '').replace(root, '')
    stream.on('test:pass', ({ name, skip, file, details }) => {
      if (details.type === 'suite') return
      if (skip === undefined) tally.passed += 1
      else tally.skipped.push(`${where(file)}: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}`)
    })
    stream.on('test:fail', ({ name, file, details }) => {
      // A file or suite fails because of what is inside, which was counted.
      const cause = details.error as Error & { failureType?: string; cause?: Error }
      if (details.type === 'suite' || cause.failureType === 'subtestsFailed') return
      tally.failed += 1
      console.log(`FAIL ${where(file)}: ${name}\n${indent(cause.cause?.stack ?? String(cause.cause ?? cause.message))}`)
    })
    stream.on('test:stderr', ({ message }) => process.stderr.write(message))
    stream.on('end', () => {
      process.env = saved
      resolve()
    })
    stream.resume()
  })
}

const indent = (text: string) =>
  text
    .split('\n')
    .slice(0, 12)
    .map((line) => `     ${line}`)
    .join('\n')
