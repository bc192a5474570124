// One guest on this host: its life from launch to removal, one operation at a time, and what is known of it.
import { rm } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { Lane } from '../../../eden/lane.ts'
import type { DiskSpec, GuestSpec, NicSpec, ObservedGuest, PowerState } from '../../../kernel/compute/driver.ts'
import type { QmpClient } from '../../qemu/qmp-client.ts'
import type { AcceleratorChoice } from './accelerator.ts'
import { commandLine, hasOwnDisk } from './command-line.ts'
import { configDigest } from './config-drive.ts'
import { readConsoleLog, trimConsoleLog } from './console-log.ts'
import { provideDisks, removeDrafts } from './guest-files.ts'
import { type GuestFolder, type GuestRecord, removeGuestFolder, writeRecord } from './guest-folder.ts'
import { GuestMachine } from './guest-machine.ts'
import { lastWords } from './guest-process.ts'
import { plugDisk, plugNic, unplugDisk, unplugNic } from './hot-plug.ts'
import type { QemuSettings } from './options.ts'
import { pressPowerButton } from './power-button.ts'
import { exists } from './root-disk.ts'
import { copyAtRest, copyLive, dropAbandonedCopy, type Snapshot } from './snapshot.ts'

/** What a guest needs of the host it is on. */
export interface GuestHost {
  settings: QemuSettings
  /** Versioned machine types that this QEMU knows, the default first. */
  machines: string[]
  choice(): AcceleratorChoice
  changed(guest: ObservedGuest): void
  /** KVM broke down under this guest: no further guest may be started on it. */
  acceleratorFailed(id: string): Promise<void>
}

class DriverCloses extends Error {
  constructor() {
    super('the driver was closed meanwhile; ask again once it is open')
  }
}

const reattachEveryMs = 2_000

export class Guest {
  readonly folder: GuestFolder
  #host: GuestHost
  #record: GuestRecord | undefined
  #power: PowerState = 'shutdown'
  #machine: GuestMachine
  #lane = new Lane()
  #haste = new AbortController()
  #isLetGo = false

  constructor(host: GuestHost, folder: GuestFolder, record?: GuestRecord) {
    this.#host = host
    this.folder = folder
    this.#record = record
    this.#machine = new GuestMachine(host.settings, folder, {
      powerMayDiffer: () => this.#inTurn(() => this.#look()),
      monitorClosed: (monitor) => this.#inTurn(() => this.#monitorClosed(monitor)),
    })
  }

  get id(): string {
    return this.folder.id
  }

  /** Finds out what became of the guest while nobody looked. `pid` is its process where there is one. */
  adopt(pid: number | undefined): Promise<void> {
    return this.#lane.run(async () => {
      await removeDrafts(this.folder)
      this.#machine.adopt(pid)
      if (pid === undefined) this.#power = this.#record?.wanted === 'running' ? 'crashed' : 'shutdown'
      else {
        this.#power = 'running'
        await this.#reattach()
      }
    })
  }

  /** Undefined for a guest that is being made for the first time. */
  observed(): ObservedGuest | undefined {
    if (!this.#record) return undefined
    const { spec } = this.#record
    const isAnswering = this.#machine.monitor !== undefined
    return {
      id: this.id,
      power: this.#power,
      disks: isAnswering ? this.#machine.plugged('disk').filter((id) => id !== 'root') : spec.disks.map(({ id }) => id),
      nics: isAnswering ? this.#machine.plugged('nic') : spec.nics.map(({ id }) => id),
    }
  }

  launch(spec: GuestSpec): Promise<void> {
    return this.#lane.run(async () => {
      if (!(await this.#isFoundUp())) await this.#boot(spec)
    })
  }

  start(spec: GuestSpec): Promise<void> {
    return this.#lane.run(async () => {
      if (!(await this.#isFoundUp())) await this.#restart(spec)
    })
  }

  stop(graceMs: number): Promise<void> {
    if (graceMs <= 0) this.#hurry()
    const { signal } = this.#haste
    return this.#lane.run(async () => {
      const record = this.#known()
      if (record.wanted !== 'shutdown') await this.#remember({ ...record, wanted: 'shutdown' })
      await this.#powerButton(graceMs, signal)
      await this.#machine.end()
      this.#power = 'shutdown'
    })
  }

  reboot(spec: GuestSpec, kind: 'soft' | 'hard', graceMs: number): Promise<void> {
    if (kind === 'hard') this.#hurry()
    const { signal } = this.#haste
    return this.#lane.run(async () => {
      this.#known()
      if (kind === 'soft') await this.#powerButton(graceMs, signal)
      await this.#restart(spec)
    })
  }

  destroy(): Promise<void> {
    this.#hurry()
    return this.#lane.run(async () => {
      await this.#machine.end()
      await removeGuestFolder(this.folder)
      this.#record = undefined
    })
  }

  pause(): Promise<void> {
    return this.#lane.run(async () => {
      if (this.#power === 'paused') return
      await this.#live('pause').execute('stop')
      this.#power = 'paused'
    })
  }

  unpause(): Promise<void> {
    return this.#lane.run(async () => {
      if (this.#power === 'running') return
      await this.#live('unpause').execute('cont')
      this.#power = 'running'
    })
  }

  attachDisk(disk: DiskSpec): Promise<void> {
    return this.#changeDevices(
      (qmp) => plugDisk(qmp, disk),
      ({ disks }) => ({ disks: [...disks.filter(({ id }) => id !== disk.id), disk] }),
    )
  }

  detachDisk(diskId: string): Promise<void> {
    return this.#changeDevices(
      (qmp) => unplugDisk(qmp, diskId, this.#host.settings.limits),
      ({ disks }) => ({ disks: disks.filter(({ id }) => id !== diskId) }),
    )
  }

  attachNic(nic: NicSpec): Promise<void> {
    return this.#changeDevices(
      (qmp) => plugNic(qmp, nic),
      ({ nics }) => ({ nics: [...nics.filter(({ id }) => id !== nic.id), nic] }),
    )
  }

  detachNic(nicId: string): Promise<void> {
    return this.#changeDevices(
      (qmp) => unplugNic(qmp, nicId, this.#host.settings.limits),
      ({ nics }) => ({ nics: nics.filter(({ id }) => id !== nicId) }),
    )
  }

  snapshotRoot(format: 'qcow2' | 'raw'): Promise<Snapshot> {
    const { signal } = this.#haste
    return this.#lane.run(async () => {
      const { root } = this.#known().spec
      if (!root || !hasOwnDisk(root))
        throw new Error(`guest ${this.id} has no root disk of its own: make a snapshot of its volume instead`)
      const { settings } = this.#host
      const { monitor } = this.#machine
      if (monitor) return copyLive(settings, this.folder, monitor, format, signal)
      return copyAtRest(settings, this.folder, root.base, format, signal)
    })
  }

  consoleLog(lines?: number): Promise<string> {
    return readConsoleLog(this.folder, this.#host.settings.limits.consoleLogKiB, lines)
  }

  trimConsoleLog(): Promise<void> {
    return trimConsoleLog(this.folder, this.#host.settings.limits.consoleLogKiB)
  }

  async openConsole(kind: 'vnc' | 'serial'): Promise<Duplex> {
    this.#live('open the console of')
    return this.#machine.openConsole(kind)
  }

  /** Forgets the process without touching it; operations that wait give up. */
  letGo(): Promise<void> {
    this.#isLetGo = true
    this.#hurry(new DriverCloses())
    return this.#lane.run(async () => this.#machine.letGo())
  }

  #isUp(): boolean {
    return this.#machine.monitor !== undefined && (this.#power === 'running' || this.#power === 'paused')
  }

  /** Never takes a process that merely does not answer for a guest that has to be started; throws then. */
  async #isFoundUp(): Promise<boolean> {
    if (!this.#machine.monitor && !(await this.#machine.isGone())) this.#power = await this.#machine.attach()
    return this.#isUp()
  }

  #known(): GuestRecord {
    if (!this.#record) throw new Error(`guest ${this.id} is not on this host`)
    return this.#record
  }

  #live(verb: string): QmpClient {
    this.#known()
    const { monitor } = this.#machine
    if (monitor && this.#isUp()) return monitor
    throw new Error(`cannot ${verb} guest ${this.id}: it is ${this.#power}`)
  }

  /** Changes what is plugged in, where QEMU runs, and in any case what is remembered. */
  #changeDevices(
    plug: (qmp: QmpClient) => Promise<void>,
    change: (spec: GuestRecord['spec']) => Partial<Pick<GuestSpec, 'disks' | 'nics'>>,
  ): Promise<void> {
    return this.#lane.run(async () => {
      this.#known()
      await this.#machine.change(plug)
      const record = this.#known()
      await this.#remember({ ...record, spec: { ...record.spec, ...change(record.spec) } })
    })
  }

  async #remember(record: GuestRecord): Promise<void> {
    await writeRecord(this.folder, record)
    this.#record = record
  }

  async #restart(spec: GuestSpec): Promise<void> {
    this.#known()
    if (spec.root && hasOwnDisk(spec.root) && !(await exists(this.folder.rootDisk)))
      throw new Error(`the root disk of guest ${this.id} is missing (${this.folder.rootDisk}): restore or rebuild it`)
    await this.#boot(spec)
  }

  /** From whatever is there to a running process. */
  async #boot(spec: GuestSpec): Promise<void> {
    const { settings, machines } = this.#host
    const { configDrive, ...kept } = spec
    const machine = this.#machineType(machines)
    const digest = configDrive ? configDigest(configDrive) : this.#record?.configDigest
    const args = commandLine(this.folder, kept, {
      machine,
      choice: this.#host.choice(),
      hasConfigDrive: digest !== undefined,
    })
    await this.#machine.end()
    if (digest !== this.#record?.configDigest) await rm(this.folder.configDrive, { force: true })
    const record: GuestRecord = { wanted: 'running', machine, configDigest: digest, spec: kept }
    await this.#remember(record)
    this.#power = 'crashed' // Until it runs: that is what a failure below leaves.
    await provideDisks(settings, this.folder, record, configDrive)
    this.#power = await this.#machine.start(args)
  }

  #machineType(machines: string[]): string {
    const made = this.#record?.machine
    if (made === undefined || machines.includes(made)) return made ?? machines[0]!
    const machine = machines[0]!
    this.#host.settings.log.warn({ guest: this.id, made, machine }, 'this QEMU no longer has the machine type')
    return machine
  }

  /** Takes up contact with a process that was running already; goes on trying where it does not answer. */
  async #reattach(): Promise<void> {
    const { log } = this.#host.settings
    try {
      this.#power = await this.#machine.attach()
      await dropAbandonedCopy(this.#machine.monitor!)
      await this.#settle(this.#power)
    } catch (error) {
      log.error({ guest: this.id, pid: this.#machine.pid, error: String(error) }, 'QEMU does not answer; trying on')
      const again = () => {
        if (!this.#isLetGo) this.#inTurn(() => this.#reattachOrMourn())
      }
      setTimeout(again, reattachEveryMs).unref()
    }
  }

  async #reattachOrMourn(): Promise<void> {
    if (this.#machine.monitor || this.#machine.pid === undefined || this.#isLetGo) return
    if (await this.#machine.isGone()) await this.#mourn()
    else await this.#reattach()
  }

  /** Something happened to the guest: see what. Operations that caused it have settled it by then. */
  async #look(): Promise<void> {
    const power = await this.#machine.power()
    if (power !== undefined && power !== this.#power) await this.#settle(power)
  }

  /** For news from QEMU, after whatever is being done to the guest. */
  #inTurn(react: () => Promise<void>): void {
    this.#lane.run(react).catch((error) => {
      this.#host.settings.log.error({ guest: this.id, error: String(error) }, 'cannot deal with news of the guest')
    })
  }

  /** Draws the consequences of a power state that nobody asked for. */
  async #settle(power: PowerState): Promise<void> {
    const before = this.#power
    this.#power = power
    if (power === 'shutdown') {
      if (this.#record) await this.#remember({ ...this.#record, wanted: 'shutdown' })
      await this.#machine.end()
    }
    if (power === 'crashed') await this.#host.acceleratorFailed(this.id)
    if (power !== before) this.#announce()
  }

  async #monitorClosed(qmp: QmpClient): Promise<void> {
    if (!this.#machine.forget(qmp)) return
    if (await this.#machine.isGone(this.#host.settings.limits.quitWithinMs)) await this.#mourn()
    else await this.#reattach()
  }

  async #mourn(): Promise<void> {
    this.#host.settings.log.warn(
      { guest: this.id, pid: this.#machine.pid, words: await lastWords(this.folder) },
      'QEMU ended without being asked to',
    )
    await this.#machine.end()
    this.#power = 'crashed'
    this.#announce()
  }

  #announce(): void {
    const observed = this.observed()
    if (observed) this.#host.changed(observed)
  }

  /** Cuts short what waits for the guest, now and in the queue. */
  #hurry(reason?: Error): void {
    this.#haste.abort(reason ?? new Error(`cut short by a later request for guest ${this.id}`))
    if (!(reason instanceof DriverCloses)) this.#haste = new AbortController()
  }

  /** Presses the button until the guest is down, `graceMs` is over or somebody is in a hurry. */
  async #powerButton(graceMs: number, signal: AbortSignal): Promise<void> {
    const qmp = this.#machine.monitor
    if (!qmp || graceMs <= 0 || !this.#isUp()) return
    try {
      if (this.#power === 'paused') await qmp.execute('cont')
      await pressPowerButton(qmp, graceMs, signal)
    } catch (error) {
      if (error instanceof DriverCloses) throw error
      if (signal.aborted || qmp.isClosed) return
      this.#host.settings.log.warn({ guest: this.id, error: String(error) }, 'pulling the plug instead of the button')
    }
  }
}
