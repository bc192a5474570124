import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { runLimited } from './limited-tool.ts'

const skip = existsSync('/usr/bin/prlimit') ? false : 'needs prlimit'
const limits = { memoryMiB: 512, cpuSeconds: 10, withinSeconds: 20 }
const shell = (script: string, more = {}) => runLimited('sh', ['-c', script], { ...limits, ...more })

test('a tool that fails says its last words', { skip }, async () => {
  await shell('exit 0')
  await assert.rejects(shell('echo no such image >&2; exit 3'), /^Error: sh -c failed \(3\): no such image$/)
  await assert.rejects(runLimited('no-such-tool', ['x'], limits), /no-such-tool/)
})

test('a tool has no more time, memory and CPU than it was given', { skip }, async () => {
  await assert.rejects(shell('exec sleep 60', { withinSeconds: 0.05 }), /killed by SIGKILL/)
  await shell('test "$(ulimit -v)" = 524288 && test "$(ulimit -t)" = 10 && test "$(ulimit -c)" = 0')
})

test('who asked may end it early, and gets the own reason', { skip }, async () => {
  const haste = new AbortController()
  const ended = shell('exec sleep 60', { signal: haste.signal })
  haste.abort(new Error('not wanted any more'))
  await assert.rejects(ended, /not wanted any more/)
})
