// Reads numbers and text out of hostile bytes without ever throwing: what is not there reads as zero or ''.

export class Peek {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  has(offset: number, length: number): boolean {
    return offset >= 0 && offset + length <= this.bytes.length
  }

  u8(offset: number): number {
    return this.has(offset, 1) ? this.bytes.readUInt8(offset) : 0
  }

  u16le(offset: number): number {
    return this.has(offset, 2) ? this.bytes.readUInt16LE(offset) : 0
  }

  u16be(offset: number): number {
    return this.has(offset, 2) ? this.bytes.readUInt16BE(offset) : 0
  }

  u32le(offset: number): number {
    return this.has(offset, 4) ? this.bytes.readUInt32LE(offset) : 0
  }

  u32be(offset: number): number {
    return this.has(offset, 4) ? this.bytes.readUInt32BE(offset) : 0
  }

  u64le(offset: number): bigint {
    return this.has(offset, 8) ? this.bytes.readBigUInt64LE(offset) : 0n
  }

  u64be(offset: number): bigint {
    return this.has(offset, 8) ? this.bytes.readBigUInt64BE(offset) : 0n
  }

  /** Latin-1, so that every byte is one character. */
  text(offset: number, length: number): string {
    return this.has(offset, length) ? this.bytes.toString('latin1', offset, offset + length) : ''
  }

  hex(offset: number, length: number): string {
    return this.has(offset, length) ? this.bytes.toString('hex', offset, offset + length) : ''
  }

  isZero(offset: number, length: number): boolean {
    return this.has(offset, length) && this.bytes.subarray(offset, offset + length).every((byte) => byte === 0)
  }
}
