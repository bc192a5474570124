import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDetached } from './detached.ts'
import { argumentsOf, runningProcesses } from './running.ts'

test('a detached program is found by its arguments, and its words are in its file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'detached-'))
  t.after(() => rm(folder, { recursive: true }))
  const logFile = join(folder, 'log')
  const mark = `mark of ${folder}`
  const script = "console.log('hello'); setInterval(() => {}, 1e6)"
  const child = await startDetached(process.execPath, ['-e', script, mark], { logFile, hint: '' })
  const gone = new Promise((settle) => child.once('exit', settle))
  try {
    assert.equal((await argumentsOf(child.pid!)).at(-1), mark)
    const found: number[] = []
    for await (const { pid, args } of runningProcesses()) if (args.includes(mark)) found.push(pid)
    assert.deepEqual(found, [child.pid])
    while ((await readFile(logFile, 'utf8')) !== 'hello\n') await new Promise(setImmediate)
  } finally {
    child.kill('SIGKILL')
    await gone
  }
  assert.deepEqual(await argumentsOf(child.pid!), [])
})

test('a program that is not there is named, with what to do', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'detached-'))
  t.after(() => rm(folder, { recursive: true }))
  const options = { logFile: join(folder, 'log'), hint: 'Install it.' }
  await assert.rejects(startDetached('no-such-program', [], options), /no-such-program cannot be run.*Install it/)
})
