// What looking at an image's bytes tells: which format they are, how large a disk, and what speaks against them.

/** `raw` is whatever is nothing else; the last row is recognised only to be refused. */
export type ImageFormat =
  | 'raw'
  | ('qcow2' | 'vmdk' | 'vdi' | 'vhd' | 'vhdx' | 'iso' | 'luks')
  | ('qed' | 'qcow' | 'parallels' | 'bochs')

export interface SafetyCheck {
  check: string
  ok: boolean
  /** For the person who uploads: what is wrong and what to do about it; empty when all is well. */
  why: string
}

export interface Inspection {
  format: ImageFormat
  /** What raw bytes seem to hold: `gpt`, `mbr`, `gzip`, `tar` ...; a hint, never a reason to refuse. */
  content?: string
  /** The size of the disk that a guest would see. */
  virtualSizeBytes: number
  /** How many bytes were looked at: the size of the upload. */
  sizeBytes: number
  safety: SafetyCheck[]
}

/** What one format makes of the bytes, once it recognised them. */
export interface Finding {
  format: ImageFormat
  content?: string
  virtualSizeBytes: number
  safety: SafetyCheck[]
}

/** Collects checks; a check that fails twice keeps its first reason. */
export class Checklist {
  readonly checks: SafetyCheck[] = []

  expect(check: string, ok: boolean, why: string): boolean {
    const known = this.checks.find((entry) => entry.check === check)
    if (!known) this.checks.push({ check, ok, why: ok ? '' : why })
    else if (known.ok && !ok) Object.assign(known, { ok, why })
    return ok
  }

  /** A header's 64-bit size as a number; sizes beyond 2^53 are refused here and clamped. */
  size(bytes: bigint): number {
    const sane = bytes > 0n && bytes <= BigInt(Number.MAX_SAFE_INTEGER)
    this.expect('size', sane, `Its header claims a disk of ${bytes} bytes. Make the image again.`)
    return Number(bytes > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : bytes)
  }
}
