// qcow2, versions 2 and 3. Field offsets: docs/interop/qcow2.txt of QEMU.
import type { Evidence } from '../evidence.ts'
import { Checklist, type Finding } from '../inspection.ts'
import type { Peek } from '../peek.ts'

const feature = { dirty: 1n, corrupt: 2n, dataFile: 4n, compression: 8n, extendedL2: 16n }
const knownFeatures = 31n
const dataFileExtension = 0x44415441
const convert = 'Make it whole with `qemu-img convert -O qcow2 OLD NEW` and upload NEW.'
const broken = 'Its tables are damaged. Check it with `qemu-img check` and make the image again.'

export function inspectQcow2(evidence: Evidence): Finding | undefined {
  const head = evidence.head
  if (head.hex(0, 4) !== '514649fb') return undefined
  const version = head.u32be(4)
  if (version === 1) return oldQcow()
  const checks = new Checklist()
  const is3 = version >= 3
  checks.expect('complete', head.has(0, is3 ? 104 : 72), 'The upload ends within the header. Upload the whole file.')
  checks.expect('version', version === 2 || version === 3, `It is qcow2 of unknown version ${version}. ${convert}`)
  checks.expect(
    'backing-file',
    head.u64be(8) === 0n && head.u32be(16) === 0,
    `It is an overlay that needs another file, its backing file. ${convert}`,
  )
  const features = is3 ? head.u64be(72) : 0n
  checkFeatures(checks, features)
  checks.expect('encryption', head.u32be(32) === 0, `It is encrypted inside. Decrypt it: ${convert}`)
  const clusterBits = head.u32be(20)
  const saneClusters = clusterBits >= 9 && clusterBits <= 21
  checks.expect('header', saneClusters, broken)
  const virtualSizeBytes = checks.size(head.u64be(24))
  if (saneClusters) checkTables(checks, head, 1n << BigInt(clusterBits), features, BigInt(evidence.sizeBytes))
  checkExtensions(checks, head, is3 ? head.u32be(100) : 72, saneClusters ? 1 << clusterBits : 512)
  return { format: 'qcow2', virtualSizeBytes, safety: checks.checks }
}

function checkFeatures(checks: Checklist, features: bigint): void {
  checks.expect('data-file', (features & feature.dataFile) === 0n, `Its data lies in another file. ${convert}`)
  const unknown = features & ~knownFeatures
  checks.expect('features', unknown === 0n, `It uses unknown features (bits 0x${unknown.toString(16)}). ${convert}`)
  checks.expect(
    'clean',
    (features & (feature.dirty | feature.corrupt)) === 0n,
    'It was not closed properly. Repair it with `qemu-img check -r all FILE` and upload it again.',
  )
}

/** The limits are QEMU's own: an L1 table of 32 MiB, a refcount table of 8 MiB, 65,536 snapshots. */
function checkTables(checks: Checklist, head: Peek, cluster: bigint, features: bigint, fileBytes: bigint): void {
  const inFile = (offset: bigint, length: bigint) => offset % cluster === 0n && offset + length <= fileBytes
  const l1Bytes = BigInt(head.u32be(36)) * 8n
  const perL1Entry = cluster * (cluster / (features & feature.extendedL2 ? 16n : 8n))
  const neededBytes = ((head.u64be(24) + perL1Entry - 1n) / perL1Entry) * 8n
  checks.expect('tables', l1Bytes >= neededBytes && l1Bytes <= 32n << 20n, broken)
  checks.expect('tables', l1Bytes === 0n || inFile(head.u64be(40), l1Bytes), broken)
  const refcountBytes = BigInt(head.u32be(56)) * cluster
  checks.expect('tables', refcountBytes > 0n && refcountBytes <= 8n << 20n, broken)
  // A refcount table may be the last thing in the file, whose last cluster may be cut short.
  checks.expect('tables', inFile(head.u64be(48), 1n), broken)
  checks.expect('tables', head.u32be(4) < 3 || head.u32be(96) <= 6, broken)
  const snapshots = head.u32be(60)
  // Each entry has at least 40 bytes.
  const saneSnapshots = snapshots <= 65_536 && inFile(head.u64be(64), BigInt(snapshots) * 40n)
  checks.expect('snapshots', snapshots === 0 || saneSnapshots, broken)
}

function checkExtensions(checks: Checklist, head: Peek, start: number, cluster: number): void {
  if (!checks.expect('header', start >= 72 && start <= cluster && start % 8 === 0, broken)) return
  const end = Math.min(cluster, head.bytes.length)
  for (let at = start; at + 8 <= end; ) {
    const kind = head.u32be(at)
    if (kind === 0) return
    if (kind === dataFileExtension) checks.expect('data-file', false, `Its data lies in another file. ${convert}`)
    const length = head.u32be(at + 4)
    if (!checks.expect('header', at + 8 + length <= end, broken)) return
    at += 8 + Math.ceil(length / 8) * 8
  }
}

function oldQcow(): Finding {
  const checks = new Checklist()
  checks.expect('supported', false, `It is qcow version 1, which is not supported. ${convert}`)
  return { format: 'qcow', virtualSizeBytes: 0, safety: checks.checks }
}
