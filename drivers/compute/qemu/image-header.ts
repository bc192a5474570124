// Reads what the driver must know of a base image without starting a program on a stranger's file.
import { open, stat } from 'node:fs/promises'

const qcow2Magic = 0x514649fb
const externalDataFile = 0x4n

/**
 * Size of the disk inside a base image, in bytes. Throws for a qcow2 that is none, or that refers to other files of
 * the host (backing file, external data file). Fields: docs/interop/qcow2.txt of QEMU.
 */
export async function baseSizeOf(base: { path: string; format: 'qcow2' | 'raw' }): Promise<number> {
  if (base.format === 'raw') {
    const { size } = await stat(base.path).catch((error: Error) => {
      throw new Error(`the base image cannot be read: ${error.message}`)
    })
    return size
  }
  const header = await readHeader(base.path)
  const isVersion3 = header.readUInt32BE(4) >= 3
  const hasDataFile = isVersion3 && (header.readBigUInt64BE(72) & externalDataFile) !== 0n
  if (header.readBigUInt64BE(8) !== 0n || hasDataFile)
    throw new Error(`base image ${base.path} refers to other files, which is not allowed`)
  return Number(header.readBigUInt64BE(24))
}

/** Size of the disk inside a qcow2 of our own making, in bytes; also while QEMU has it open. */
export async function qcow2SizeOf(path: string): Promise<number> {
  return Number((await readHeader(path)).readBigUInt64BE(24))
}

async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path, 'r').catch((error: Error) => {
    throw new Error(`the disk image cannot be opened: ${error.message}`)
  })
  try {
    const header = Buffer.alloc(80)
    const { bytesRead } = await file.read(header, 0, 80, 0)
    if (bytesRead < 72 || header.readUInt32BE(0) !== qcow2Magic)
      throw new Error(`disk image ${path} is said to be qcow2 and is not`)
    return header
  } finally {
    await file.close()
  }
}
