// Formats that are recognised by their first bytes alone: those we refuse, LUKS, and hints about raw bytes.
import type { Evidence } from '../evidence.ts'
import { Checklist, type Finding, type ImageFormat } from '../inspection.ts'
import type { Peek } from '../peek.ts'

const unsupported: [ImageFormat, string][] = [
  ['qed', 'QED\0'],
  ['parallels', 'WithoutFreeSpace'],
  ['parallels', 'WithouFreSpacExt'],
  ['bochs', 'Bochs Virtual HD Image'],
]

export function inspectUnsupported(evidence: Evidence): Finding | undefined {
  const found = unsupported.find(([, magic]) => evidence.head.text(0, magic.length) === magic)
  if (!found) return undefined
  const checks = new Checklist()
  checks.expect(
    'supported',
    false,
    `${found[0]} is not supported. Convert it with \`qemu-img convert -O qcow2 OLD NEW\`.`,
  )
  return { format: found[0], virtualSizeBytes: 0, safety: checks.checks }
}

/** An encrypted disk is opaque blocks to everybody but the guest, so there is nothing to refuse. */
export function inspectLuks(evidence: Evidence): Finding | undefined {
  if (evidence.head.hex(0, 6) !== '4c554b53babe') return undefined
  const checks = new Checklist()
  const version = evidence.head.u16be(6)
  checks.expect('version', version === 1 || version === 2, `It is LUKS of unknown version ${version}.`)
  return { format: 'luks', virtualSizeBytes: evidence.sizeBytes, safety: checks.checks }
}

const archives: [string, number, string][] = [
  ['gzip', 0, '1f8b08'],
  ['bzip2', 0, '425a68'],
  ['xz', 0, 'fd377a585a00'],
  ['zstd', 0, '28b52ffd'],
  ['lz4', 0, '04224d18'],
  ['7z', 0, '377abcaf271c'],
  ['zip', 0, '504b0304'],
  ['tar', 257, '7573746172'],
]

/** What raw bytes seem to be. A GPT's header is in the second block, of 512 or 4096 bytes. */
export function guessContent(head: Peek): string | undefined {
  for (const [name, offset, magic] of archives) if (head.hex(offset, magic.length / 2) === magic) return name
  if (head.text(512, 8) === 'EFI PART' || head.text(4096, 8) === 'EFI PART') return 'gpt'
  return hasPartitions(head) ? 'mbr' : undefined
}

/** The mark 55 AA also ends boot sectors of file systems, so the four entries must look like partitions. */
function hasPartitions(head: Peek): boolean {
  if (head.hex(510, 2) !== '55aa') return false
  let used = 0
  for (let at = 446; at < 510; at += 16) {
    if ((head.u8(at) & 0x7f) !== 0) return false
    if (head.u8(at + 4) !== 0 && head.u32le(at + 12) > 0) used += 1
  }
  return used > 0
}
