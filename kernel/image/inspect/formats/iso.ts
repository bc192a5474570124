// CD and DVD images: ISO 9660 (ECMA-119) and UDF announce themselves in the sectors from 32 KiB on.
import type { Evidence } from '../evidence.ts'
import { Checklist, type Finding } from '../inspection.ts'

const firstDescriptor = 32 * 1024
const signatures = ['CD001', 'NSR02', 'NSR03', 'BEA01']
/** Writers may count the 150 sectors of run-out that are not in the file. */
const runOutBytes = 150 * 2048

export function inspectIso(evidence: Evidence): Finding | undefined {
  const head = evidence.head
  if (!signatures.includes(head.text(firstDescriptor + 1, 5))) return undefined
  const checks = new Checklist()
  const isPrimary = head.u8(firstDescriptor) === 1 && head.text(firstDescriptor + 1, 5) === 'CD001'
  const claimedBytes = isPrimary ? head.u32le(firstDescriptor + 80) * head.u16le(firstDescriptor + 128) : 0
  const isComplete = claimedBytes <= evidence.sizeBytes + runOutBytes
  checks.expect('complete', isComplete, 'The disc is larger than what was uploaded. Upload the whole file.')
  return { format: 'iso', virtualSizeBytes: Math.max(claimedBytes, evidence.sizeBytes), safety: checks.checks }
}
