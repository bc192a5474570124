// A qcow2 disk without data: what an image of a simulated volume is made of, so that image inspection accepts it.
// Layout: docs/interop/qcow2.txt of QEMU; clusters of 64 KiB.

const cluster = 65_536

/** A valid qcow2 (version 3): header, refcount table, refcount block, L1 table. Sizes up to 64 TiB. */
export function emptyQcow2(sizeGiB: number): Buffer {
  // One L2 table covers 512 MiB.
  const l1Entries = sizeGiB * 2
  const clusters = 3 + Math.max(1, Math.ceil((l1Entries * 8) / cluster))
  const image = Buffer.alloc(clusters * cluster)
  image.write('514649fb', 0, 'hex')
  image.writeUInt32BE(3, 4)
  image.writeUInt32BE(16, 20)
  image.writeBigUInt64BE(BigInt(sizeGiB) << 30n, 24)
  image.writeUInt32BE(l1Entries, 36)
  image.writeBigUInt64BE(BigInt(3 * cluster), 40)
  image.writeBigUInt64BE(BigInt(cluster), 48)
  image.writeUInt32BE(1, 56)
  image.writeUInt32BE(4, 96)
  image.writeUInt32BE(104, 100)
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster)
  for (let used = 0; used < clusters; used++) image.writeUInt16BE(1, 2 * cluster + used * 2)
  return image
}
