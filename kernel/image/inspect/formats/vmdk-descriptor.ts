// The text inside a VMDK that says of which extents the disk is made, and may say so with paths.
import type { Checklist } from '../inspection.ts'

const singleFileTypes = ['monolithicsparse', 'streamoptimized']
const again = 'Make it one file with `qemu-img convert -O vmdk -o subformat=streamOptimized OLD NEW` and upload NEW.'

/** Every line must be understood; what is not is refused, for QEMU might understand it. */
export function checkDescriptor(checks: Checklist, text: string, capacitySectors: bigint): void {
  const fields = new Map<string, string>()
  const extents: string[] = []
  for (const untrimmed of text.split('\0', 1)[0]!.split('\n')) {
    const line = untrimmed.trim()
    if (line === '' || line.startsWith('#')) continue
    const field = /^([A-Za-z][\w.]*)\s*=\s*(.*)$/.exec(line)
    if (field && fields.has(field[1]!.toLowerCase())) {
      checks.expect('descriptor', false, `Its descriptor says "${printable(field[1]!)}" twice. ${again}`)
    } else if (field) fields.set(field[1]!.toLowerCase(), field[2]!.replace(/^"|"$/g, ''))
    else if (/^(rw|rdonly|noaccess)\s/i.test(line)) extents.push(line)
    else checks.expect('descriptor', false, `Its descriptor has a line that makes no sense. ${again}`)
  }
  const type = (fields.get('createtype') ?? '').toLowerCase()
  checks.expect('single-file', singleFileTypes.includes(type), `It is of type "${printable(type)}". ${again}`)
  checks.expect('single-file', extents.length === 1, `It names ${extents.length} extents instead of one. ${again}`)
  for (const extent of extents) checkExtent(checks, extent, capacitySectors)
  const parent = (fields.get('parentcid') ?? 'ffffffff').toLowerCase()
  checks.expect(
    'backing-file',
    parent === 'ffffffff' && !fields.has('parentfilenamehint'),
    `It is an overlay that needs its parent disk. ${again}`,
  )
}

function checkExtent(checks: Checklist, line: string, capacitySectors: bigint): void {
  const match = /^(?:rw|rdonly)\s+(\d{1,19})\s+(\w+)\s+"([^"]*)"\s*$/i.exec(line)
  if (!checks.expect('descriptor', match !== null, `Its descriptor has an extent that makes no sense. ${again}`)) return
  const [, sectors, kind, name] = match!
  checks.expect('single-file', kind!.toUpperCase() === 'SPARSE', `Its extent lies in another file. ${again}`)
  const plainName = !/[/\\:]/.test(name!) && name !== '..'
  checks.expect('extent-path', plainName, `Its extent names a path ("${printable(name!)}"). ${again}`)
  checks.expect('size', BigInt(sectors!) === capacitySectors, `Its header and its descriptor differ in size. ${again}`)
}

function printable(text: string): string {
  return text.slice(0, 60).replace(/[^ -~]/g, '?')
}
