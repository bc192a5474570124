// Decides whether an inspected image may enter the cloud under the format that its owner declared.
import type { ImageFormat, Inspection } from './inspection.ts'

export interface ImageLimits {
  /** The largest disk that a guest may see of an image: the guard against tiny files that unpack to fill a host. */
  maxVirtualSizeBytes?: number
  /** Refuse plain bytes that call themselves a format. Default true; a format in disguise is refused regardless. */
  requireFormatMatch?: boolean
}

export type Verdict = { ok: true } | { ok: false; reasons: string[] }

/** Which content passes for a declared `disk_format`. An ISO or an encrypted disk also works as plain blocks. */
const passesFor: Record<string, ImageFormat[]> = {
  raw: ['raw', 'iso', 'luks'],
  qcow2: ['qcow2'],
  vmdk: ['vmdk'],
  vdi: ['vdi'],
  vhd: ['vhd'],
  vhdx: ['vhdx'],
  iso: ['iso'],
  luks: ['luks'],
  ami: ['raw'],
  aki: ['raw'],
  ari: ['raw'],
}

/** Reasons are sentences for the person who uploads, which say what to do. */
export function judge(inspection: Inspection, declaredFormat: string, limits: ImageLimits = {}): Verdict {
  const reasons = inspection.safety.filter((check) => !check.ok).map((check) => check.why)
  const accepted = passesFor[declaredFormat]
  // A structured image under a wrong name is the classic way to make a host open files of its own.
  const mustMatch = limits.requireFormatMatch !== false || inspection.format !== 'raw'
  if (!accepted) {
    reasons.push(`Images of format "${declaredFormat}" are not accepted. Convert it to qcow2 or raw.`)
  } else if (!accepted.includes(inspection.format) && mustMatch) {
    reasons.push(mismatch(inspection, declaredFormat))
  }
  const limit = limits.maxVirtualSizeBytes
  if (limit !== undefined && inspection.virtualSizeBytes > limit) {
    reasons.push(
      `Its disk has ${inspection.virtualSizeBytes} bytes, more than the ${limit} that are allowed. ` +
        'Shrink the disk or ask the operator to raise the limit.',
    )
  }
  return reasons.length === 0 ? { ok: true } : { ok: false, reasons: [...new Set(reasons)] }
}

function mismatch(inspection: Inspection, declared: string): string {
  if (inspection.format !== 'raw') {
    return `It was declared as ${declared} but is ${inspection.format}. Set disk_format to ${inspection.format}.`
  }
  const held = inspection.content ? ` (it looks like ${inspection.content})` : ''
  return `It was declared as ${declared} but does not begin like one${held}. Upload the right file, or declare it raw.`
}
