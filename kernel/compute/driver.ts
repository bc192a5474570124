// What compute asks of a hypervisor on one host. The host role owns the driver; nobody else sees it.
import type { Duplex, Readable } from 'node:stream'

/** Where the bytes of a disk are, as the volume or image service handed them over. */
export type DiskSource =
  | { kind: 'file'; path: string; format: 'qcow2' | 'raw' }
  | { kind: 'nbd'; address: { socket: string } | { host: string; port: number }; export: string }
  | { kind: 'simulated' }

export interface DiskSpec {
  /** Volume id, or `root` for the guest's own disk. At most 36 characters. */
  id: string
  source: DiskSource
  readOnly?: boolean
}

/** The guest's own root disk: a copy-on-write overlay over a cached image that is never written. */
export interface RootDisk {
  base: { path: string; format: 'qcow2' | 'raw' | 'iso' }
  /** GiB; 0 means as large as the image. Never shrinks the image. */
  sizeGiB: number
}

/** How a network port meets the guest; made by the network driver of the same host. */
export type NicSource = { kind: 'tap'; interface: string } | { kind: 'user' } | { kind: 'simulated' }

export interface NicSpec {
  /** Port id. */
  id: string
  mac: string
  mtu: number
  source: NicSource
}

export interface GuestSpec {
  /** Server id (UUID). */
  id: string
  name: string
  vcpus: number
  memoryMiB: number
  /** Absent when the guest boots from `disks[0]` (boot from volume). */
  root?: RootDisk
  disks: DiskSpec[]
  nics: NicSpec[]
  /** Files of a config drive (label `config-2`) by path below its root; absent: no drive. */
  configDrive?: Record<string, string | Uint8Array>
}

export type PowerState = 'running' | 'paused' | 'shutdown' | 'crashed'

export interface ObservedGuest {
  id: string
  power: PowerState
  /** Ids of the attached disks and network cards, the root disk left out. */
  disks: string[]
  nics: string[]
}

export interface HostInventory {
  hypervisorType: string
  /** Integer as Nova shows it: major * 1000000 + minor * 1000 + micro. */
  hypervisorVersion: number
  vcpus: number
  memoryMiB: number
  diskGiB: number
  architecture: string
  cpuModel: string
  /** What was probed, e.g. `COMPUTE_ACCELERATOR_TCG`; and sentences that say why. */
  traits: string[]
  notes: string[]
}

/**
 * Every call is repeatable: asked again for what already is, it succeeds and changes nothing; asked to take away
 * what is not there, it succeeds. Errors are `Error`s whose message an operator can act on.
 */
export interface ComputeDriver {
  readonly name: string
  open(): Promise<void>
  /** Lets go of everything without touching guests: they go on running and are found again by `open`. */
  close(): Promise<void>
  inventory(): Promise<HostInventory>
  /** Makes the guest and starts it; adopts it where it is there already. */
  launch(spec: GuestSpec): Promise<void>
  /** Ends the guest and removes all that `launch` made. */
  destroy(id: string): Promise<void>
  /** Starts a guest that is shut down, with the devices of `spec`. */
  start(spec: GuestSpec): Promise<void>
  /** Presses the power button, waits `graceMs`, then pulls the plug. */
  stop(id: string, graceMs: number): Promise<void>
  /** Soft: power button, then start; hard: reset at once. Ends running, with the devices of `spec`. */
  reboot(spec: GuestSpec, kind: 'soft' | 'hard', graceMs: number): Promise<void>
  pause(id: string): Promise<void>
  unpause(id: string): Promise<void>
  attachDisk(id: string, disk: DiskSpec): Promise<void>
  detachDisk(id: string, diskId: string): Promise<void>
  attachNic(id: string, nic: NicSpec): Promise<void>
  detachNic(id: string, nicId: string): Promise<void>
  /** A point-in-time copy of the root disk as one self-contained file; the guest may run meanwhile. */
  snapshotRoot(id: string, format: 'qcow2' | 'raw'): Promise<{ sizeBytes: number; stream: Readable }>
  /** The last `lines` lines (all that is kept when undefined) of the serial console. */
  consoleLog(id: string, lines?: number): Promise<string>
  /** A live byte stream: RFB for `vnc`, the terminal for `serial`. */
  openConsole(id: string, kind: 'vnc' | 'serial'): Promise<Duplex>
  observe(): Promise<ObservedGuest[]>
  /** Called when a guest's power state changes without being asked for (guest shut itself down, process killed). */
  onChange(listener: (guest: ObservedGuest) => void): void
}
