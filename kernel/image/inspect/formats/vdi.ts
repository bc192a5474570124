// VirtualBox's VDI. Field offsets: the header comment of QEMU's block/vdi.c.
import type { Evidence } from '../evidence.ts'
import { Checklist, type Finding } from '../inspection.ts'

const again = 'Make it again with `qemu-img convert -O vdi OLD NEW` and upload NEW.'
const blockBytes = 1024 * 1024

export function inspectVdi(evidence: Evidence): Finding | undefined {
  const head = evidence.head
  if (head.u32le(0x40) !== 0xbeda107f) return undefined
  const checks = new Checklist()
  checks.expect('complete', head.has(0, 0x1c8), 'The upload ends within the header. Upload the whole file.')
  checks.expect('version', head.u32le(0x44) === 0x00010001, `It is VDI of unknown version. ${again}`)
  const isWhole = head.isZero(0x1a8, 32)
  const kind = head.u32le(0x4c)
  checks.expect('backing-file', isWhole && kind !== 4, `It is an overlay that needs its parent disk. ${again}`)
  checks.expect('supported', kind === 1 || kind === 2 || kind === 4, `It is of unknown type ${kind}. ${again}`)
  const virtualSizeBytes = checks.size(head.u64le(0x170))
  const blocks = head.u32le(0x180)
  const saneBlocks = head.u32le(0x178) === blockBytes && blocks <= 0x1fffffff && blocks * blockBytes >= virtualSizeBytes
  const saneMap = head.u32le(0x154) + blocks * 4 <= evidence.sizeBytes
  checks.expect('tables', saneBlocks && saneMap && head.u32le(0x184) <= blocks, `Its tables are damaged. ${again}`)
  const neededBytes = head.u32le(0x158) + head.u32le(0x184) * blockBytes
  // The last block may be cut short at the end of a disk that is no multiple of a block.
  const isComplete = neededBytes - blockBytes < evidence.sizeBytes
  checks.expect('complete', isComplete, 'Its header claims more data than was uploaded. Upload the whole file.')
  return { format: 'vdi', virtualSizeBytes, safety: checks.checks }
}
