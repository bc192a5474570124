// Image headers made by hand for the tests: sound ones, which a test then damages in one place.

type Patch = (bytes: Buffer) => void

export interface Qcow2Options {
  version?: number
  sizeBytes?: bigint
  patch?: Patch
}

/** A sound, empty qcow2 of four clusters of 64 KiB: header, L1 table, refcount table, refcount block. */
export function qcow2({ version = 3, sizeBytes = 1n << 30n, patch }: Qcow2Options = {}): Buffer {
  const cluster = 65_536
  const image = Buffer.alloc(4 * cluster)
  image.write('514649fb', 0, 'hex')
  image.writeUInt32BE(version, 4)
  image.writeUInt32BE(16, 20)
  image.writeBigUInt64BE(sizeBytes, 24)
  image.writeUInt32BE(Number((sizeBytes + (1n << 29n) - 1n) >> 29n), 36)
  image.writeBigUInt64BE(BigInt(cluster), 40)
  image.writeBigUInt64BE(BigInt(2 * cluster), 48)
  image.writeUInt32BE(1, 56)
  if (version === 3) {
    image.writeUInt32BE(4, 96)
    image.writeUInt32BE(104, 100)
  }
  patch?.(image)
  return image
}

export const soundDescriptor = [
  '# Disk DescriptorFile',
  'version=1',
  'CID=12345678',
  'parentCID=ffffffff',
  'createType="monolithicSparse"',
  '',
  '# Extent description',
  'RW 2048 SPARSE "disk.vmdk"',
  '',
  'ddb.virtualHWVersion = "4"',
  'ddb.adapterType = "ide"',
].join('\n')

/** One sparse file of 1 MiB whose descriptor follows the header. */
export function vmdk(descriptor: string = soundDescriptor, patch?: Patch): Buffer {
  const image = Buffer.alloc(64 * 1024)
  image.write('KDMV', 0)
  image.writeUInt32LE(1, 4)
  image.writeBigUInt64LE(2048n, 12)
  image.writeBigUInt64LE(128n, 20)
  image.writeBigUInt64LE(1n, 28)
  image.writeBigUInt64LE(20n, 36)
  image.writeUInt32LE(512, 44)
  image.writeBigUInt64LE(26n, 56)
  image.write(descriptor, 512, 'latin1')
  patch?.(image)
  return image
}

/** As VMware streams it: the grain directory's place is only known at the end, so the header comes again there. */
export function streamedVmdk(patch?: Patch): Buffer {
  const image = vmdk(soundDescriptor.replace('monolithicSparse', 'streamOptimized'))
  const footer = image.length - 1024
  image.copy(image, footer, 0, 512)
  image.writeBigUInt64LE(0xffffffffffffffffn, 56)
  image.writeBigUInt64LE(30n, footer + 56)
  patch?.(image)
  return image
}

export function vdi(patch?: Patch): Buffer {
  const image = Buffer.alloc(4096)
  image.write('<<< test disk >>>\n', 0)
  image.writeUInt32LE(0xbeda107f, 0x40)
  image.writeUInt32LE(0x00010001, 0x44)
  image.writeUInt32LE(1, 0x4c)
  image.writeUInt32LE(512, 0x154)
  image.writeUInt32LE(1024, 0x158)
  image.writeBigUInt64LE(10n << 20n, 0x170)
  image.writeUInt32LE(1 << 20, 0x178)
  image.writeUInt32LE(10, 0x180)
  patch?.(image)
  return image
}

function vhdFooter(kind: number, sizeBytes: number, headerAt: bigint, patch?: Patch): Buffer {
  const footer = Buffer.alloc(512)
  footer.write('conectix', 0)
  footer.writeBigUInt64BE(headerAt, 16)
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48)
  footer.writeUInt32BE(kind, 60)
  patch?.(footer)
  let sum = 0
  for (const byte of footer) sum += byte
  footer.writeUInt32BE(~sum >>> 0, 64)
  return footer
}

export function fixedVhd(patch?: Patch): Buffer {
  return Buffer.concat([Buffer.alloc(1 << 20), vhdFooter(2, 1 << 20, 0xffffffffffffffffn, patch)])
}

export function dynamicVhd(kind = 3, patch?: Patch): Buffer {
  const footer = vhdFooter(kind, 8 << 20, 512n)
  const header = Buffer.alloc(1024)
  header.write('cxsparse', 0)
  header.writeBigUInt64BE(1536n, 16)
  header.writeUInt32BE(4, 28)
  header.writeUInt32BE(2 << 20, 32)
  const image = Buffer.concat([footer, header, Buffer.alloc(512, 0xff), footer])
  patch?.(image)
  return image
}

const guid = {
  metadata: '06a27c8b90479a4bb8fe575f050f886e',
  size: '2442a52f1bcd7648b2115dbed83bf4b8',
  parameters: '3767a1ca36fa434db3b633f0aa44e76b',
}

export function vhdx(patch?: Patch): Buffer {
  const image = Buffer.alloc(3 << 20)
  image.write('vhdxfile', 0)
  for (const at of [65_536, 131_072]) {
    image.write('head', at)
    image.writeBigUInt64LE(BigInt(at), at + 8)
  }
  image.write('regi', 196_608)
  image.writeUInt32LE(1, 196_608 + 8)
  image.write(guid.metadata, 196_608 + 16, 'hex')
  image.writeBigUInt64LE(2n << 20n, 196_608 + 32)
  const metadata = 2 << 20
  image.write('metadata', metadata)
  image.writeUInt16LE(2, metadata + 10)
  image.write(guid.parameters, metadata + 32, 'hex')
  image.writeUInt32LE(65_536, metadata + 48)
  image.write(guid.size, metadata + 64, 'hex')
  image.writeUInt32LE(65_544, metadata + 80)
  image.writeUInt32LE(32 << 20, metadata + 65_536)
  image.writeBigUInt64LE(5n << 30n, metadata + 65_544)
  patch?.(image)
  return image
}

export function iso(patch?: Patch): Buffer {
  const image = Buffer.alloc(100 * 2048)
  image.writeUInt8(1, 32_768)
  image.write('CD001', 32_769)
  image.writeUInt32LE(100, 32_768 + 80)
  image.writeUInt16LE(2048, 32_768 + 128)
  patch?.(image)
  return image
}

export function mbr(patch?: Patch): Buffer {
  const image = Buffer.alloc(128 * 1024)
  image.write('55aa', 510, 'hex')
  image.writeUInt8(0x80, 446)
  image.writeUInt8(0x83, 450)
  image.writeUInt32LE(2048, 454)
  image.writeUInt32LE(4096, 458)
  patch?.(image)
  return image
}
