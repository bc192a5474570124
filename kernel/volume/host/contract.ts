// What the controller may ask of a host with volumes, and what it gets.
import type { ObservedVolumes, PoolCapacity, VolumeConnection } from '../driver.ts'

export interface VolumeHostOperations {
  capacity: { input: Record<string, never>; output: PoolCapacity & { backend: string } }
  observe: { input: Record<string, never>; output: ObservedVolumes }
  createEmpty: { input: { id: string; sizeGiB: number }; output: unknown }
  createFromSnapshot: {
    input: { id: string; sizeGiB: number; snapshot: { id: string; volumeId: string } }
    output: unknown
  }
  createFromVolume: { input: { id: string; sizeGiB: number; sourceId: string }; output: unknown }
  createFromFile: { input: { id: string; sizeGiB: number; format: 'raw' | 'qcow2'; path: string }; output: unknown }
  remove: { input: { id: string }; output: unknown }
  extend: { input: { id: string; sizeGiB: number }; output: unknown }
  createSnapshot: { input: { id: string; volumeId: string }; output: unknown }
  removeSnapshot: { input: { id: string; volumeId: string }; output: unknown }
  connect: { input: { id: string; attachmentId: string; readOnly: boolean }; output: VolumeConnection }
  disconnect: { input: { id: string; attachmentId: string }; output: unknown }
}

/** Input of the connection `fill`: the image's bytes go in, one line of JSON comes out. */
export interface Fill {
  id: string
  sizeGiB: number
  format: 'raw' | 'qcow2'
  /** So that bytes that break off are not taken for the end. */
  sizeBytes: number
}

export type Filled = { ok: true } | { ok: false; status: number; message: string }
