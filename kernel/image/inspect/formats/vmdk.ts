// VMDK as one sparse file (monolithicSparse, streamOptimized). Fields: VMware's Virtual Disk Format 5.0, packed.
import { type Evidence, headBytes } from '../evidence.ts'
import { Checklist, type Finding } from '../inspection.ts'
import { checkDescriptor } from './vmdk-descriptor.ts'

const directoryAtEnd = 0xffffffffffffffffn
const again = 'Make it again with `qemu-img convert -O vmdk -o subformat=streamOptimized OLD NEW` and upload NEW.'

export function inspectVmdk(evidence: Evidence): Finding | undefined {
  const head = evidence.head
  const checks = new Checklist()
  if (head.text(0, 4) === 'COWD') {
    checks.expect('supported', false, `It is the old sparse VMDK of ESX, which is not supported. ${again}`)
    return { format: 'vmdk', virtualSizeBytes: 0, safety: checks.checks }
  }
  if (/^(\s*#[^\n]*\n)*\s*# *disk descriptorfile/i.test(head.text(0, Math.min(2048, head.bytes.length)))) {
    checks.expect('single-file', false, `It is only a descriptor; the data lies in other files. ${again}`)
    return { format: 'vmdk', virtualSizeBytes: 0, safety: checks.checks }
  }
  if (head.text(0, 4) !== 'KDMV') return undefined

  checks.expect('complete', head.has(0, 512), 'The upload ends within the header. Upload the whole file.')
  checks.expect('version', [1, 2, 3].includes(head.u32le(4)), `It is VMDK of unknown version. ${again}`)
  // With a capacity of zero QEMU would follow the descriptor to other files; size() refuses zero.
  const capacitySectors = head.u64le(12)
  const virtualSizeBytes = checks.size(capacitySectors * 512n)
  const start = head.u64le(28) * 512n
  const length = head.u64le(36) * 512n
  const kept = start >= 512n && length > 0n && start + length <= BigInt(headBytes)
  if (checks.expect('descriptor', kept, `Its descriptor is missing or at an unusual place. ${again}`)) {
    const whole = checks.expect('complete', head.has(Number(start), Number(length)), 'The upload ends too early.')
    if (whole) checkDescriptor(checks, head.text(Number(start), Number(length)), capacitySectors)
  }
  if (head.u64le(56) === directoryAtEnd) checkFooter(checks, evidence)
  else checks.expect('header', head.u64le(56) * 512n < BigInt(evidence.sizeBytes), `Its header is damaged. ${again}`)
  return { format: 'vmdk', virtualSizeBytes, safety: checks.checks }
}

/** A streamed VMDK repeats its header before the last sector, and QEMU believes the repetition. */
function checkFooter(checks: Checklist, evidence: Evidence): void {
  const { head, tail } = evidence
  const footer = tail.bytes.length - 1024
  const same =
    tail.has(footer, 512) &&
    tail.hex(footer, 56) === head.hex(0, 56) &&
    tail.u64le(footer + 56) * 512n < BigInt(evidence.sizeBytes)
  checks.expect('footer', same, `The header at its end is missing or differs from the one at its start. ${again}`)
}
