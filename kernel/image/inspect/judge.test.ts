// Which content passes under which declared format.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageFormat, Inspection } from './inspection.ts'
import { judge } from './judge.ts'

const found = (format: ImageFormat, more: Partial<Inspection> = {}): Inspection => ({
  format,
  virtualSizeBytes: 1000,
  sizeBytes: 1000,
  safety: [],
  ...more,
})

const table: [ImageFormat, string, boolean][] = [
  ['raw', 'raw', true],
  ['iso', 'raw', true],
  ['luks', 'raw', true],
  ['raw', 'aki', true],
  ['raw', 'ari', true],
  ['raw', 'ami', true],
  ['raw', 'qcow2', false],
  ['qcow2', 'raw', false],
  ['qcow2', 'ami', false],
  ['vmdk', 'raw', false],
  ['qcow2', 'vmdk', false],
  ['raw', 'iso', false],
  ['qcow2', 'ploop', false],
]
for (const [format, declared, ok] of table) {
  test(`${format} declared as ${declared}: ${ok ? 'accepted' : 'refused'}`, () => {
    assert.equal(judge(found(format), declared).ok, ok)
  })
}

test('a lenient store takes plain bytes under any name, but no format in disguise', () => {
  assert.equal(judge(found('raw'), 'qcow2', { requireFormatMatch: false }).ok, true)
  assert.equal(judge(found('qcow2'), 'raw', { requireFormatMatch: false }).ok, false)
})

test('a small file that unpacks to more than the limit is refused with both numbers', () => {
  const verdict = judge(found('qcow2', { virtualSizeBytes: 5_000 }), 'qcow2', { maxVirtualSizeBytes: 4_000 })
  assert.ok(!verdict.ok)
  assert.match(verdict.reasons.join(), /5000.*4000/)
})

test('the reason names what the bytes look like', () => {
  const verdict = judge(found('raw', { content: 'gzip' }), 'qcow2')
  assert.ok(!verdict.ok)
  assert.match(verdict.reasons.join(), /gzip/)
})
