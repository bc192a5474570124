// Recognises a disk format by its content while an upload of any size passes by.
import { open } from 'node:fs/promises'
import { Evidence, tailBytes } from './evidence.ts'
import { inspectIso } from './formats/iso.ts'
import { guessContent, inspectLuks, inspectUnsupported } from './formats/others.ts'
import { inspectQcow2 } from './formats/qcow2.ts'
import { inspectVdi } from './formats/vdi.ts'
import { inspectVhd } from './formats/vhd.ts'
import { inspectVhdx, planVhdx } from './formats/vhdx.ts'
import { inspectVmdk } from './formats/vmdk.ts'
import type { Inspection } from './inspection.ts'

const formats = [
  inspectQcow2,
  inspectVmdk,
  inspectVhdx,
  inspectVdi,
  inspectVhd,
  inspectIso,
  inspectLuks,
  inspectUnsupported,
]
/** Windows that depend on each other: region table, metadata, items. */
const planRounds = 4

export interface Inspector {
  /** Takes the next bytes; keeps at most some 200 KiB of all of them, whatever the size. Never throws. */
  write(chunk: Uint8Array): void
  /** What all the bytes are. Never throws. */
  finish(): Inspection
}

export function createInspector(): Inspector {
  const evidence = new Evidence()
  return {
    write(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      const position = evidence.sizeBytes
      evidence.add(bytes)
      // A large chunk may hold the regions that it itself asks for.
      for (let round = 0; round < planRounds; round++) {
        planVhdx(evidence)
        evidence.offer(position, bytes)
      }
    },
    finish: () => conclude(evidence),
  }
}

/** Inspects a file by reading only the regions that tell; errors are those of the file system. */
export async function inspectFile(path: string): Promise<Inspection> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const read = async (offset: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    }
    const evidence = new Evidence()
    const tail = Math.min(size, tailBytes)
    evidence.setEnd(size, await read(size - tail, tail))
    for (let round = 0; round <= planRounds; round++) {
      for (const { offset, length } of evidence.missing()) evidence.offer(offset, await read(offset, length))
      planVhdx(evidence)
    }
    return conclude(evidence)
  } finally {
    await handle.close()
  }
}

function conclude(evidence: Evidence): Inspection {
  const findings = formats.map((inspect) => inspect(evidence)).filter((finding) => finding !== undefined)
  const sizeBytes = evidence.sizeBytes
  const [first, ...others] = findings
  if (!first) {
    return { format: 'raw', content: guessContent(evidence.head), virtualSizeBytes: sizeBytes, sizeBytes, safety: [] }
  }
  const names = findings.map((finding) => finding.format).join(' and ')
  const why = `It can be read as ${names}, so nobody can tell what a guest would see. Make the image again.`
  const single = { check: 'one-format', ok: others.length === 0, why: others.length === 0 ? '' : why }
  return { ...first, sizeBytes, safety: [single, ...first.safety, ...others.flatMap((finding) => finding.safety)] }
}
