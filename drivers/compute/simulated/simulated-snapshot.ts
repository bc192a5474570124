// The bytes of a simulated root disk: the same for the same guest, small, and true to the format asked for.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { RootDisk } from '../../../kernel/compute/driver.ts'

const cluster = 65536
const bytesPerGiB = 1024n ** 3n

export function simulatedSnapshot(id: string, root: RootDisk, format: 'qcow2' | 'raw') {
  const bytes = format === 'raw' ? firstMegabyte(id) : emptyQcow2(BigInt(root.sizeGiB || 1) * bytesPerGiB)
  return { sizeBytes: bytes.length, stream: Readable.from([bytes], { objectMode: false }) }
}

/** One MiB with the guest's id in its first sector. */
function firstMegabyte(id: string): Buffer {
  const bytes = Buffer.alloc(1024 * 1024)
  createHash('sha256').update(id).digest().copy(bytes)
  return bytes
}

/** A valid image without data: header, reference table, reference counts, top table (docs/interop/qcow2.txt, QEMU). */
function emptyQcow2(virtualBytes: bigint): Buffer {
  const topEntries = Number((virtualBytes + 512n * 1024n ** 2n - 1n) / (512n * 1024n ** 2n))
  const topClusters = Math.ceil((topEntries * 8) / cluster)
  const image = Buffer.alloc((3 + topClusters) * cluster)
  image.write('QFI\xfb', 0, 'latin1')
  image.writeUInt32BE(3, 4)
  image.writeUInt32BE(16, 20) // Cluster size as a power of two.
  image.writeBigUInt64BE(virtualBytes, 24)
  image.writeUInt32BE(topEntries, 36)
  image.writeBigUInt64BE(BigInt(3 * cluster), 40)
  image.writeBigUInt64BE(BigInt(cluster), 48)
  image.writeUInt32BE(1, 56)
  image.writeUInt32BE(4, 96) // Reference counts of 16 bits.
  image.writeUInt32BE(104, 100)
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster)
  for (let used = 0; used < 3 + topClusters; used++) image.writeUInt16BE(1, 2 * cluster + 2 * used)
  return image
}
