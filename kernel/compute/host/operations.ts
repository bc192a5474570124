// What controller and host say to each other: plain JSON.
import type { GuestSpec, HostInventory, ObservedGuest } from '../driver.ts'

export interface RootImage {
  imageId: string
  /** A file of the image store, where this host may be able to read it. */
  path: string | null
  sizeBytes: number
  format: 'qcow2' | 'raw' | 'iso'
  /** Of the disk that the guest sees; 0 means as large as the image. */
  sizeGiB: number
}

export interface LaunchInput {
  guest: Omit<GuestSpec, 'root' | 'configDrive'> & { configDrive?: Record<string, string> }
  root: RootImage | null
}

export interface HostReport {
  inventory: HostInventory
  bootId: string
}

export interface Observation {
  guests: ObservedGuest[]
  bootId: string
}
