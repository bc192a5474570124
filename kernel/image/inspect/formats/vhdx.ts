// VHDX: a region table at 192 KiB points to metadata, which point to the disk's size. Layout: [MS-VHDX].
import type { Evidence } from '../evidence.ts'
import { Checklist, type Finding } from '../inspection.ts'
import type { Peek } from '../peek.ts'

const headerOffsets = [64 * 1024, 128 * 1024] as const
const regionTableOffset = 192 * 1024
const tableBytes = 64 * 1024
// GUIDs as they lie on disk: the first three groups little-endian.
const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e'
const diskSizeItem = '2442a52f1bcd7648b2115dbed83bf4b8'
const fileParametersItem = '3767a1ca36fa434db3b633f0aa44e76b'
const parentLocatorItem = '2d5fd3a80bb34d45abf7d3d84834ab0c'
const again = 'Make it again with `qemu-img convert -O vhdx OLD NEW` and upload NEW.'

interface Items {
  metadata: Peek
  diskSize?: number
  parameters?: number
  hasParentLocator: boolean
}

/** Asks for the regions that only the earlier ones tell of; called whenever more has passed by. */
export function planVhdx(evidence: Evidence): void {
  if (evidence.head.text(0, 8) !== 'vhdxfile') return
  for (const offset of headerOffsets) evidence.want(offset, 80)
  evidence.want(regionTableOffset, tableBytes)
  const metadataOffset = findMetadata(evidence)
  if (metadataOffset === undefined) return
  evidence.want(metadataOffset, tableBytes)
  const items = findItems(evidence, metadataOffset)
  if (items?.diskSize !== undefined) evidence.want(items.diskSize, 8)
  if (items?.parameters !== undefined) evidence.want(items.parameters, 8)
}

export function inspectVhdx(evidence: Evidence): Finding | undefined {
  if (evidence.head.text(0, 8) !== 'vhdxfile') return undefined
  const checks = new Checklist()
  const metadataOffset = findMetadata(evidence)
  const items = metadataOffset === undefined ? undefined : findItems(evidence, metadataOffset)
  const size = items?.diskSize === undefined ? undefined : evidence.at(items.diskSize)
  const parameters = items?.parameters === undefined ? undefined : evidence.at(items.parameters)
  const complete = size?.has(0, 8) === true && parameters?.has(0, 8) === true
  checks.expect('complete', complete, `Its header is damaged or cut short. ${again}`)
  const isOverlay = items?.hasParentLocator === true || ((parameters?.u32le(4) ?? 0) & 2) !== 0
  checks.expect('backing-file', !isOverlay, `It is an overlay that needs its parent disk. ${again}`)
  checks.expect('clean', isClean(evidence), `It was not closed properly: its log holds writes. ${again}`)
  const virtualSizeBytes = checks.size(size?.u64le(0) ?? 0n)
  return { format: 'vhdx', virtualSizeBytes, safety: checks.checks }
}

/** Offset of the metadata region, once the region table has passed by. */
function findMetadata(evidence: Evidence): number | undefined {
  const table = evidence.at(regionTableOffset)
  if (table?.text(0, 4) !== 'regi') return undefined
  const entries = Math.min(table.u32le(8), 2047)
  for (let entry = 0; entry < entries; entry++) {
    const at = 16 + entry * 32
    if (table.hex(at, 16) === metadataRegion) return Number(table.u64le(at + 16))
  }
  return undefined
}

function findItems(evidence: Evidence, metadataOffset: number): Items | undefined {
  const metadata = evidence.at(metadataOffset)
  if (metadata?.text(0, 8) !== 'metadata') return undefined
  const items: Items = { metadata, hasParentLocator: false }
  const entries = Math.min(metadata.u16le(10), 2047)
  for (let entry = 0; entry < entries; entry++) {
    const at = 32 + entry * 32
    const offset = metadataOffset + metadata.u32le(at + 16)
    const id = metadata.hex(at, 16)
    if (id === diskSizeItem) items.diskSize = offset
    else if (id === fileParametersItem) items.parameters = offset
    else if (id === parentLocatorItem) items.hasParentLocator = true
  }
  return items
}

/** Of the two headers the one with the higher sequence number counts; a log id in it means unfinished writes. */
function isClean(evidence: Evidence): boolean {
  const headers = headerOffsets.map((offset) => evidence.at(offset)).filter((header) => header?.text(0, 4) === 'head')
  const [first, second] = headers
  const current = second && first && second.u64le(8) > first.u64le(8) ? second : (first ?? second)
  return current?.isZero(48, 16) ?? false
}
