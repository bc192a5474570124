// Reads from a qcow2 file what drivers ask often, without starting a process or taking QEMU's lock.
// Field offsets: docs/interop/qcow2.txt of QEMU.
import { type FileHandle, open } from 'node:fs/promises'

const magic = '514649fb'
const dataFileFeature = 4n
const understoodFeatures = 31n
const refers = 'The image refers to other files:'
const maxTableBytes = 16 * 1024 * 1024

export interface Qcow2Snapshot {
  name: string
  /** The volume's size when the snapshot was taken. */
  sizeBytes: number
}

export interface Qcow2Facts {
  sizeBytes: number
  snapshots: Qcow2Snapshot[]
}

/** Size and snapshots of a file of our own making; also while QEMU has it open. */
export async function readQcow2(path: string): Promise<Qcow2Facts> {
  const handle = await open(path, 'r')
  try {
    const header = await read(handle, 0, 72)
    if (header.toString('hex', 0, 4) !== magic) throw new Error(`${path} is no qcow2 file. Restore it from a backup.`)
    const sizeBytes = Number(header.readBigUInt64BE(24))
    const count = header.readUInt32BE(60)
    if (count === 0) return { sizeBytes, snapshots: [] }
    const table = await read(handle, Number(header.readBigUInt64BE(64)), maxTableBytes)
    return { sizeBytes, snapshots: snapshotsOf(table, count, path) }
  } finally {
    await handle.close()
  }
}

/**
 * Looks at a stranger's qcow2 before any tool opens it; throws where it would lead the tool to other files. Returns
 * the size of its disk.
 */
export async function checkForeignQcow2(path: string): Promise<number> {
  const handle = await open(path, 'r')
  try {
    const header = await read(handle, 0, 104)
    if (header.length < 72 || header.toString('hex', 0, 4) !== magic) throw new Error('The image is no qcow2 file.')
    const version = header.readUInt32BE(4)
    const features = version === 3 && header.length >= 80 ? header.readBigUInt64BE(72) : 0n
    if (version !== 2 && version !== 3) throw new Error(`The image is qcow2 of unknown version ${version}.`)
    if (header.readBigUInt64BE(8) !== 0n) throw new Error(`${refers} it needs a backing file. Flatten it first.`)
    if (features & dataFileFeature) throw new Error(`${refers} it keeps its data in another file. Flatten it first.`)
    if (features & ~understoodFeatures) throw new Error('The image uses unknown qcow2 features. Convert it first.')
    return Number(header.readBigUInt64BE(24))
  } finally {
    await handle.close()
  }
}

function snapshotsOf(table: Buffer, count: number, path: string): Qcow2Snapshot[] {
  const snapshots: Qcow2Snapshot[] = []
  for (let at = 0; snapshots.length < count; ) {
    if (at + 40 > table.length) throw new Error(`The snapshot table of ${path} is cut short. Run qemu-img check on it.`)
    const idBytes = table.readUInt16BE(at + 12)
    const nameBytes = table.readUInt16BE(at + 14)
    const extraBytes = table.readUInt32BE(at + 36)
    const name = at + 40 + extraBytes + idBytes
    const sizeBytes = extraBytes >= 16 ? Number(table.readBigUInt64BE(at + 48)) : 0
    snapshots.push({ name: table.toString('utf8', name, name + nameBytes), sizeBytes })
    at = Math.ceil((name + nameBytes) / 8) * 8
  }
  return snapshots
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { size } = await handle.stat()
  const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - position)))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
  return buffer.subarray(0, bytesRead)
}
