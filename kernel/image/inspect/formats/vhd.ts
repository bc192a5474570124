// VHD ("vpc" to QEMU): a 512-byte footer ends the file and, unless the disk is fixed, also starts it.
// Field offsets: Microsoft's Virtual Hard Disk Image Format Specification.
import type { Evidence } from '../evidence.ts'
import { Checklist, type Finding } from '../inspection.ts'
import { Peek } from '../peek.ts'

const footerBytes = 512
const again = 'Make it again with `qemu-img convert -O vpc OLD NEW` and upload NEW.'
const kinds = { fixed: 2, dynamic: 3, differencing: 4 }

export function inspectVhd(evidence: Evidence): Finding | undefined {
  const atStart = evidence.head.text(0, 8) === 'conectix'
  const end = evidence.tail.bytes.subarray(-footerBytes)
  const footer = new Peek(atStart ? evidence.head.bytes.subarray(0, footerBytes) : end)
  if (footer.text(0, 8) !== 'conectix') return undefined
  const checks = new Checklist()
  checks.expect('complete', footer.has(0, footerBytes), 'The upload ends within the header. Upload the whole file.')
  checks.expect('header', checksum(footer, 64) === footer.u32be(64), `Its footer is damaged. ${again}`)
  const kind = footer.u32be(60)
  checks.expect('backing-file', kind !== kinds.differencing, `It is an overlay that needs its parent disk. ${again}`)
  checks.expect('supported', Object.values(kinds).includes(kind), `It is of unknown type ${kind}. ${again}`)
  const virtualSizeBytes = checks.size(footer.u64be(48))
  if (kind === kinds.fixed) {
    const isComplete = !atStart && virtualSizeBytes <= evidence.sizeBytes - footerBytes
    checks.expect('complete', isComplete, 'Its footer claims more data than was uploaded. Upload the whole file.')
  } else {
    checks.expect('header', atStart, `A disk that is not fixed must begin with its footer. ${again}`)
    checkDynamic(checks, evidence, footer.u64be(16), virtualSizeBytes)
  }
  return { format: 'vhd', virtualSizeBytes, safety: checks.checks }
}

function checkDynamic(checks: Checklist, evidence: Evidence, at: bigint, virtualSizeBytes: number): void {
  const head = evidence.head
  const offset = at < BigInt(head.bytes.length) ? Number(at) : head.bytes.length
  const isThere = head.text(offset, 8) === 'cxsparse' && head.has(offset, 1024)
  if (!checks.expect('tables', isThere, `Its dynamic header is missing or at an unusual place. ${again}`)) return
  const entries = head.u32be(offset + 28)
  const blockBytes = head.u32be(offset + 32)
  const table = head.u64be(offset + 16)
  const isPower = blockBytes >= 512 && (blockBytes & (blockBytes - 1)) === 0
  const covers = entries * blockBytes >= virtualSizeBytes
  const inFile = table + BigInt(entries) * 4n <= BigInt(evidence.sizeBytes)
  checks.expect('tables', isPower && covers && inFile, `Its tables are damaged. ${again}`)
}

/** The complement of the sum of all bytes but the checksum's own four. */
function checksum(footer: Peek, field: number): number {
  let sum = 0
  for (const [at, byte] of footer.bytes.entries()) if (at < field || at >= field + 4) sum += byte
  return ~sum >>> 0
}
