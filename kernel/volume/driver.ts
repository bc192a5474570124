// What volume asks of a store of disks. The host role beside the disks owns the driver.
import type { Readable } from 'node:stream'

/** Where a guest finds the volume; goes to the compute driver as a disk's source. */
export type VolumeConnection =
  | { kind: 'file'; path: string; format: 'qcow2' | 'raw' }
  | { kind: 'nbd'; address: { socket: string } | { host: string; port: number }; export: string }
  | { kind: 'simulated' }

export interface PoolCapacity {
  totalGiB: number
  freeGiB: number
  thinProvisioning: boolean
}

export interface ObservedVolumes {
  volumes: string[]
  snapshots: { id: string; volumeId: string }[]
  /** Volumes that are served to somebody now. */
  connected: string[]
}

/**
 * Ids are UUIDs. Every call is repeatable: asked again for what already is, it succeeds; asked to take away what is
 * not there, it succeeds. An interrupted call leaves nothing that looks finished.
 */
export interface VolumeDriver {
  readonly name: string
  open(): Promise<void>
  /** Lets go; connected volumes go on being served. */
  close(): Promise<void>
  capacity(): Promise<PoolCapacity>
  createEmpty(id: string, sizeGiB: number): Promise<void>
  /** Fills a new volume from an image's bytes (`raw` or `qcow2`); fails where the image is larger than the volume. */
  createFromImage(id: string, sizeGiB: number, format: 'raw' | 'qcow2', bytes: Readable): Promise<void>
  createFromSnapshot(id: string, sizeGiB: number, snapshot: { id: string; volumeId: string }): Promise<void>
  createFromVolume(id: string, sizeGiB: number, sourceId: string): Promise<void>
  remove(id: string): Promise<void>
  /** Grows a volume, connected or not. */
  extend(id: string, sizeGiB: number): Promise<void>
  /** Consistent at one instant, also while connected. */
  createSnapshot(id: string, volumeId: string): Promise<void>
  removeSnapshot(id: string, volumeId: string): Promise<void>
  /** Serves the volume; the same connection for the same attachment. */
  connect(id: string, attachmentId: string, readOnly: boolean): Promise<VolumeConnection>
  disconnect(id: string, attachmentId: string): Promise<void>
  /** All bytes of the volume, for an image upload. */
  read(id: string, format: 'raw' | 'qcow2'): Promise<{ sizeBytes: number; stream: Readable }>
  observe(): Promise<ObservedVolumes>
  /** Removes every trace from the host, whatever is connected to whom. Works on a driver that was not opened. */
  removeAll(): Promise<void>
}
