// The same tool that will open the images makes them here: what it writes must be recognised.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createInspector, inspectFile } from './inspector.ts'
import { judge } from './judge.ts'

const run = promisify(execFile)
const sizeBytes = 10 << 20
const kinds: [string, string, string?][] = [
  ['raw', 'raw'],
  ['qcow2', 'qcow2'],
  ['qcow2', 'qcow2', 'compat=0.10'],
  ['qcow2', 'qcow2', 'compression_type=zstd,cluster_size=4096'],
  ['qcow2', 'qcow2', 'extended_l2=on'],
  ['vmdk', 'vmdk'],
  ['vmdk', 'vmdk', 'subformat=streamOptimized'],
  ['vdi', 'vdi'],
  ['vdi', 'vdi', 'static=on'],
  ['vpc', 'vhd', 'force_size=on'],
  ['vpc', 'vhd', 'subformat=fixed,force_size=on'],
  ['vhdx', 'vhdx'],
  ['qed', 'qed'],
]

test('what qemu-img makes is recognised from a stream and from a file', async (t) => {
  if (!existsSync('/usr/bin/qemu-img')) return t.skip('needs qemu-img (qemu-utils)')
  const dir = await mkdtemp(join(tmpdir(), 'inspect-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  for (const [index, [kind, format, options]] of kinds.entries()) {
    const path = join(dir, String(index))
    await run('qemu-img', ['create', '-q', '-f', kind, ...(options ? ['-o', options] : []), path, String(sizeBytes)])
    const streamed = createInspector()
    for await (const chunk of createReadStream(path)) streamed.write(chunk)
    const inspection = streamed.finish()
    assert.deepEqual(await inspectFile(path), inspection)
    assert.equal(inspection.format, format, `${kind} ${options}`)
    if (format === 'qed') continue
    assert.deepEqual(judge(inspection, format), { ok: true }, `${kind} ${options}`)
    assert.equal(inspection.virtualSizeBytes, sizeBytes, `${kind} ${options}`)
  }
})

test('what qemu-img makes to depend on other files is refused', async (t) => {
  if (!existsSync('/usr/bin/qemu-img')) return t.skip('needs qemu-img (qemu-utils)')
  const dir = await mkdtemp(join(tmpdir(), 'inspect-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const base = join(dir, 'base')
  await run('qemu-img', ['create', '-q', '-f', 'raw', base, '1M'])
  const made: [string, string, string[]][] = [
    ['qcow2', 'backing-file', ['-f', 'qcow2', '-b', base, '-F', 'raw']],
    ['qcow2', 'data-file', ['-f', 'qcow2', '-o', `data_file=${join(dir, 'data')}`]],
    ['vmdk', 'single-file', ['-f', 'vmdk', '-o', 'subformat=monolithicFlat']],
  ]
  for (const [format, failing, options] of made) {
    const path = join(dir, failing)
    await run('qemu-img', ['create', '-q', ...options, path, '1M'])
    const inspection = await inspectFile(path)
    assert.equal(inspection.format, format)
    assert.ok(inspection.safety.some((check) => check.check === failing && !check.ok))
  }
})
