// Made-up headers, sound and hostile, in one table each; and random damage, which must never raise an error.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Inspection } from './inspection.ts'
import { createInspector } from './inspector.ts'
import { judge } from './judge.ts'
import { dynamicVhd, fixedVhd, iso, mbr, qcow2, soundDescriptor, streamedVmdk, vdi, vhdx, vmdk } from './samples.ts'

function inspect(bytes: Buffer, pieceBytes = bytes.length || 1): Inspection {
  const inspector = createInspector()
  for (let at = 0; at < bytes.length; at += pieceBytes) inspector.write(bytes.subarray(at, at + pieceBytes))
  return inspector.finish()
}

const at = (offset: number, hex: string) => (bytes: Buffer) => void bytes.write(hex, offset, 'hex')
const text = (bytes: number, content: string) => Buffer.concat([Buffer.from(content, 'latin1'), Buffer.alloc(bytes)])

const sound: [string, Buffer, string, number, string?][] = [
  ['zeroes', Buffer.alloc(70_000), 'raw', 70_000],
  ['nothing at all', Buffer.alloc(0), 'raw', 0],
  ['qcow2 version 3', qcow2(), 'qcow2', 1 << 30],
  ['qcow2 version 2', qcow2({ version: 2 }), 'qcow2', 1 << 30],
  ['qcow2 of 200 GiB', qcow2({ sizeBytes: 200n << 30n }), 'qcow2', 200 * 2 ** 30],
  ['vmdk', vmdk(), 'vmdk', 1 << 20],
  ['vmdk with a footer', streamedVmdk(), 'vmdk', 1 << 20],
  ['vdi', vdi(), 'vdi', 10 << 20],
  ['vhd, fixed', fixedVhd(), 'vhd', 1 << 20],
  ['vhd, dynamic', dynamicVhd(), 'vhd', 8 << 20],
  ['vhdx', vhdx(), 'vhdx', 5 * 2 ** 30],
  ['iso', iso(), 'iso', 100 * 2048],
  ['iso that also boots as a disk', iso((image) => mbr().copy(image, 0, 0, 512)), 'iso', 100 * 2048],
  ['luks', text(1000, 'LUKS\xba\xbe\0\x01'), 'luks', 1008],
  ['mbr', mbr(), 'raw', 131_072, 'mbr'],
  ['gpt', mbr((image) => void image.write('EFI PART', 512)), 'raw', 131_072, 'gpt'],
  ['a boot sector that is no partition table', mbr(at(446, '7f7f7f')), 'raw', 131_072],
  ['gzip', text(10, '\x1f\x8b\x08'), 'raw', 13, 'gzip'],
  ['xz', text(10, '\xfd7zXZ\0'), 'raw', 16, 'xz'],
  ['zstd', text(10, '\x28\xb5\x2f\xfd'), 'raw', 14, 'zstd'],
  ['zip', text(10, 'PK\x03\x04'), 'raw', 14, 'zip'],
]
for (const [name, bytes, format, virtualSizeBytes, content] of sound) {
  test(`recognised and sound: ${name}`, () => {
    for (const pieceBytes of [bytes.length, 65_536, 1_000, 511]) {
      const found = inspect(bytes, pieceBytes || 1)
      assert.deepEqual(
        found.safety.filter((check) => !check.ok),
        [],
      )
      const { safety: _, ...rest } = found
      assert.deepEqual({ content: undefined, ...rest }, { format, content, virtualSizeBytes, sizeBytes: bytes.length })
    }
    assert.deepEqual(judge(inspect(bytes), format), { ok: true })
  })
}

const withLine = (line: string) => soundDescriptor.replace('RW 2048', `${line}\nRW 2048`)
const hostile: [string, Buffer, string, string][] = [
  ['a backing file', qcow2({ patch: at(8, '0000000000000200') }), 'qcow2', 'backing-file'],
  ['a backing file name without a place', qcow2({ patch: at(16, '0000000b') }), 'qcow2', 'backing-file'],
  ['a backing file in version 2', qcow2({ version: 2, patch: at(8, '0000000000000200') }), 'qcow2', 'backing-file'],
  ['an external data file', qcow2({ patch: at(72, '0000000000000004') }), 'qcow2', 'data-file'],
  ['an external data file by extension alone', qcow2({ patch: at(104, '4441544100000000') }), 'qcow2', 'data-file'],
  ['an unknown feature', qcow2({ patch: at(72, '0000000000000020') }), 'qcow2', 'features'],
  ['an unknown feature, highest bit', qcow2({ patch: at(72, '8000000000000000') }), 'qcow2', 'features'],
  ['the corrupt mark', qcow2({ patch: at(72, '0000000000000002') }), 'qcow2', 'clean'],
  ['the dirty mark', qcow2({ patch: at(72, '0000000000000001') }), 'qcow2', 'clean'],
  ['encryption', qcow2({ patch: at(32, '00000002') }), 'qcow2', 'encryption'],
  ['version 9', qcow2({ version: 9 }), 'qcow2', 'version'],
  ['version 1', qcow2({ version: 1 }), 'qcow', 'supported'],
  ['clusters of 2^40', qcow2({ patch: at(20, '00000028') }), 'qcow2', 'header'],
  ['an extension that runs out of the cluster', qcow2({ patch: at(104, '6803f857ffffffff') }), 'qcow2', 'header'],
  ['an L1 table that is too short', qcow2({ patch: at(36, '00000001') }), 'qcow2', 'tables'],
  ['an L1 table that is huge', qcow2({ patch: at(36, 'ffffffff') }), 'qcow2', 'tables'],
  ['an L1 table after the end', qcow2({ patch: at(40, '0000000100000000') }), 'qcow2', 'tables'],
  ['an L1 table out of line', qcow2({ patch: at(40, '0000000000010001') }), 'qcow2', 'tables'],
  ['no refcount table', qcow2({ patch: at(56, '00000000') }), 'qcow2', 'tables'],
  ['a million snapshots', qcow2({ patch: at(60, '000f4240') }), 'qcow2', 'snapshots'],
  ['snapshots after the end', qcow2({ patch: at(60, '000000010000000100000000') }), 'qcow2', 'snapshots'],
  ['2^63 bytes', qcow2({ patch: at(24, '8000000000000000') }), 'qcow2', 'size'],
  ['no size', qcow2({ patch: at(24, '0000000000000000') }), 'qcow2', 'size'],
  ['only the header', qcow2().subarray(0, 600), 'qcow2', 'tables'],
  ['half a header', qcow2().subarray(0, 90), 'qcow2', 'complete'],
  ['a descriptor alone', Buffer.from(soundDescriptor), 'vmdk', 'single-file'],
  ['type monolithicFlat', vmdk(soundDescriptor.replace('monolithicSparse', 'monolithicFlat')), 'vmdk', 'single-file'],
  ['a flat extent', vmdk(soundDescriptor.replace('SPARSE', 'FLAT')), 'vmdk', 'single-file'],
  ['an extent with a path', vmdk(soundDescriptor.replace('disk.vmdk', '/etc/passwd')), 'vmdk', 'extent-path'],
  ['an extent with a protocol', vmdk(soundDescriptor.replace('disk.vmdk', 'nbd:host')), 'vmdk', 'extent-path'],
  ['two extents', vmdk(withLine('RW 2048 SPARSE "other.vmdk"')), 'vmdk', 'single-file'],
  ['no extent', vmdk(soundDescriptor.replace('RW 2048', '# RW')), 'vmdk', 'single-file'],
  ['a parent', vmdk(soundDescriptor.replace('parentCID=ffffffff', 'parentCID=12341234')), 'vmdk', 'backing-file'],
  ['a parent hint', vmdk(withLine('parentFileNameHint="/etc/shadow"')), 'vmdk', 'backing-file'],
  ['a field twice', vmdk(withLine('createType="twoGbMaxExtentFlat"')), 'vmdk', 'descriptor'],
  ['a senseless line', vmdk(withLine('!!!')), 'vmdk', 'descriptor'],
  ['extent and header of different sizes', vmdk(soundDescriptor.replace('2048', '4096')), 'vmdk', 'size'],
  ['capacity zero', vmdk(soundDescriptor, at(12, '0000000000000000')), 'vmdk', 'size'],
  ['a descriptor out of reach', vmdk(soundDescriptor, at(28, '0000100000000000')), 'vmdk', 'descriptor'],
  ['a footer of other size', streamedVmdk((image) => image.writeUInt8(9, image.length - 1024 + 12)), 'vmdk', 'footer'],
  ['no footer', streamedVmdk().subarray(0, 20_000), 'vmdk', 'footer'],
  ['sparse of ESX', text(600, 'COWD'), 'vmdk', 'supported'],
  ['a parent (uuid)', vdi(at(0x1b8, '01')), 'vdi', 'backing-file'],
  ['a difference', vdi(at(0x4c, '04000000')), 'vdi', 'backing-file'],
  ['more blocks than sent', vdi(at(0x184, '0a000000')), 'vdi', 'complete'],
  ['blocks that do not cover the disk', vdi(at(0x180, '01000000')), 'vdi', 'tables'],
  ['a differencing disk', dynamicVhd(4), 'vhd', 'backing-file'],
  ['no dynamic header', dynamicVhd(3, at(512, '00')), 'vhd', 'tables'],
  ['a wrong checksum', dynamicVhd(3, at(100, 'ff')), 'vhd', 'header'],
  ['a table after the end', dynamicVhd(3, at(512 + 16, '000000ff')), 'vhd', 'tables'],
  ['a fixed disk that is cut short', fixedVhd().subarray(600_000), 'vhd', 'complete'],
  ['a parent flag', vhdx(at((2 << 20) + 65_540, '02')), 'vhdx', 'backing-file'],
  ['a log to replay', vhdx(at(131_072 + 48, 'aa')), 'vhdx', 'clean'],
  ['no metadata', vhdx(at(196_608 + 16, '00')), 'vhdx', 'complete'],
  ['metadata that already went by', vhdx(at(196_608 + 32, '0000010000000000')), 'vhdx', 'complete'],
  ['a short file', vhdx().subarray(0, 200_000), 'vhdx', 'complete'],
  ['a disc larger than the file', iso((image) => image.writeUInt32LE(900_000, 32_768 + 80)), 'iso', 'complete'],
  ['qed', text(600, 'QED\0'), 'qed', 'supported'],
  ['parallels', text(600, 'WithoutFreeSpace'), 'parallels', 'supported'],
  ['qcow2 that is an iso too', qcow2({ patch: (image) => iso().copy(image, 32_768, 32_768) }), 'qcow2', 'one-format'],
  ['luks of version 7', text(100, 'LUKS\xba\xbe\0\x07'), 'luks', 'version'],
]
for (const [name, bytes, format, failing] of hostile) {
  test(`refused: ${format} with ${name}`, () => {
    for (const pieceBytes of [bytes.length, 4096, 333]) {
      const found = inspect(bytes, pieceBytes)
      assert.equal(found.format, format)
      const failed = found.safety.filter((check) => !check.ok)
      assert.ok(
        failed.some((check) => check.check === failing),
        `expected ${failing}, got ${JSON.stringify(failed)}`,
      )
      assert.ok(failed.every((check) => check.why.length > 20))
    }
    assert.equal(judge(inspect(bytes), format).ok, false)
  })
}

test('cut short or scribbled over at random, every sample gets a verdict and never an error', () => {
  // A fixed sequence, so that a failure can be had again.
  let seed = 12345
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % below
  }
  for (const [, original] of sound) {
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(original.subarray(0, round % 3 === 0 ? random(original.length + 1) : original.length))
      for (let hits = random(12); hits > 0 && bytes.length > 0; hits--) {
        const reach = random(2) ? Math.min(bytes.length, 600) : bytes.length
        bytes[random(reach)] = random(3) ? random(256) : 255
      }
      const found = inspect(bytes, 1 + random(70_000))
      assert.ok(Number.isSafeInteger(found.virtualSizeBytes) && found.virtualSizeBytes >= 0)
      assert.equal(found.sizeBytes, bytes.length)
      for (const declared of ['raw', 'qcow2', 'vmdk', 'nonsense']) judge(found, declared)
    }
  }
})
