// One guest on this host: its life from launch to removal, one operation at a time, and what is known of it.
import type { ChildProcess } from 'node:child_process'
import { chown, mkdir, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { DiskSpec, GuestSpec, NicSpec, ObservedGuest, PowerState } from '../../../kernel/compute/driver.ts'
import type { AcceleratorChoice } from './accelerator.ts'
import { commandLine, hasOwnDisk } from './command-line.ts'
import { configDigest, makeConfigDrive } from './config-drive.ts'
import { readConsoleLog, trimConsoleLog } from './console-log.ts'
import { type GuestFolder, type GuestRecord, removeGuestFolder, writeRecord } from './guest-folder.ts'
import { isGoneWithin, killGuest, lastWords, pidOf, spawnGuest } from './guest-process.ts'
import { plugDisk, pluggedDevices, plugNic, unplugDisk, unplugNic } from './hot-plug.ts'
import { Lane } from './lane.ts'
import type { QemuSettings } from './options.ts'
import { QmpClient } from './qmp-client.ts'
import { exists, makeFileForGuest, makeRootDisk } from './root-disk.ts'
import { SerialHub } from './serial-hub.ts'
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

const pressEveryMs = 5_000
const reattachEveryMs = 2_000

export class Guest {
  readonly folder: GuestFolder
  #host: GuestHost
  #record: GuestRecord | undefined
  #power: PowerState = 'shutdown'
  #qmp: QmpClient | undefined
  #pid: number | undefined
  #plugged = new Set<string>()
  #lane = new Lane()
  #serial: SerialHub
  #haste = new AbortController()
  #isLetGo = false

  constructor(host: GuestHost, folder: GuestFolder, record?: GuestRecord) {
    this.#host = host
    this.folder = folder
    this.#record = record
    this.#serial = new SerialHub(folder.sockets.serial)
  }

  get id(): string {
    return this.folder.id
  }

  /** Finds out what became of the guest while nobody looked. `pid` is its process where there is one. */
  adopt(pid: number | undefined): Promise<void> {
    return this.#lane.run(async () => {
      await this.#sweep()
      this.#pid = pid
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
    const { disks, nics } = this.#record.spec
    if (!this.#qmp) {
      return { id: this.id, power: this.#power, disks: disks.map(({ id }) => id), nics: nics.map(({ id }) => id) }
    }
    const plugged = (prefix: string) =>
      [...this.#plugged].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    return {
      id: this.id,
      power: this.#power,
      disks: plugged('disk-').filter((id) => id !== 'root'),
      nics: plugged('nic-'),
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
      await this.#end()
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
      await this.#end()
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
    return this.#lane.run(async () => {
      await this.#whileLive((qmp) => plugDisk(qmp, disk))
      const { disks } = this.#known().spec
      await this.#rememberDevices({ disks: [...disks.filter(({ id }) => id !== disk.id), disk] })
    })
  }

  detachDisk(diskId: string): Promise<void> {
    return this.#lane.run(async () => {
      await this.#whileLive((qmp) => unplugDisk(qmp, diskId, this.#host.settings.limits))
      await this.#rememberDevices({ disks: this.#known().spec.disks.filter(({ id }) => id !== diskId) })
    })
  }

  attachNic(nic: NicSpec): Promise<void> {
    return this.#lane.run(async () => {
      await this.#whileLive((qmp) => plugNic(qmp, nic))
      const { nics } = this.#known().spec
      await this.#rememberDevices({ nics: [...nics.filter(({ id }) => id !== nic.id), nic] })
    })
  }

  detachNic(nicId: string): Promise<void> {
    return this.#lane.run(async () => {
      await this.#whileLive((qmp) => unplugNic(qmp, nicId, this.#host.settings.limits))
      await this.#rememberDevices({ nics: this.#known().spec.nics.filter(({ id }) => id !== nicId) })
    })
  }

  snapshotRoot(format: 'qcow2' | 'raw'): Promise<Snapshot> {
    const { signal } = this.#haste
    return this.#lane.run(async () => {
      const { root } = this.#known().spec
      if (!root || !hasOwnDisk(root))
        throw new Error(`guest ${this.id} has no root disk of its own: make a snapshot of its volume instead`)
      const { settings } = this.#host
      if (this.#qmp) return copyLive(settings, this.folder, this.#qmp, format, signal)
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
    if (kind === 'serial') return this.#serial.open()
    const socket = connect(this.folder.sockets.vnc)
    await new Promise<void>((settle, fail) => {
      socket.once('connect', settle)
      socket.once('error', fail)
    })
    return socket.setNoDelay()
  }

  /** Forgets the process without touching it; operations that wait give up. */
  letGo(): Promise<void> {
    this.#isLetGo = true
    this.#hurry(new DriverCloses())
    return this.#lane.run(async () => {
      this.#serial.close()
      this.#qmp?.close()
      this.#qmp = undefined
    })
  }

  #isUp(): boolean {
    return this.#qmp !== undefined && (this.#power === 'running' || this.#power === 'paused')
  }

  /** Never takes a process that merely does not answer for a guest that has to be started; throws then. */
  async #isFoundUp(): Promise<boolean> {
    if (!this.#qmp && this.#pid !== undefined && !(await isGoneWithin(this.#pid, this.id, 0))) await this.#attach()
    return this.#isUp()
  }

  #known(): GuestRecord {
    if (!this.#record) throw new Error(`guest ${this.id} is not on this host`)
    return this.#record
  }

  #live(verb: string): QmpClient {
    this.#known()
    if (this.#qmp && this.#isUp()) return this.#qmp
    throw new Error(`cannot ${verb} guest ${this.id}: it is ${this.#power}`)
  }

  async #whileLive(change: (qmp: QmpClient) => Promise<void>): Promise<void> {
    this.#known()
    if (!this.#qmp) {
      if (this.#pid !== undefined) throw new Error(`QEMU of guest ${this.id} does not answer on its monitor`)
      return
    }
    try {
      await change(this.#qmp)
    } finally {
      if (!this.#qmp.isClosed) this.#plugged = await pluggedDevices(this.#qmp)
    }
  }

  async #remember(record: GuestRecord): Promise<void> {
    await writeRecord(this.folder, record)
    this.#record = record
  }

  async #rememberDevices(change: Partial<Pick<GuestSpec, 'disks' | 'nics'>>): Promise<void> {
    const record = this.#known()
    await this.#remember({ ...record, spec: { ...record.spec, ...change } })
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
    const machine = this.#machine(machines)
    const digest = configDrive ? configDigest(configDrive) : this.#record?.configDigest
    const args = commandLine(this.folder, kept, {
      machine,
      choice: this.#host.choice(),
      hasConfigDrive: digest !== undefined,
    })
    await this.#end()
    if (digest !== this.#record?.configDigest) await rm(this.folder.configDrive, { force: true })
    await this.#remember({ wanted: 'running', machine, configDigest: digest, spec: kept })
    this.#power = 'crashed' // Until it runs: that is what a failure below leaves.
    await Promise.all([
      kept.root && makeRootDisk(settings, this.folder, kept.root),
      this.#provideConfigDrive(configDrive, digest !== undefined),
      this.#prepareRuntime(),
    ])
    const { pid, child } = await spawnGuest(settings, this.folder, args)
    this.#pid = pid
    try {
      await this.#firstContact(child)
    } catch (error) {
      await this.#end()
      throw error
    }
  }

  #machine(machines: string[]): string {
    const made = this.#record?.machine
    if (made === undefined || machines.includes(made)) return made ?? machines[0]!
    const machine = machines[0]!
    this.#host.settings.log.warn({ guest: this.id, made, machine }, 'this QEMU no longer has the machine type')
    return machine
  }

  async #provideConfigDrive(files: GuestSpec['configDrive'], isWanted: boolean): Promise<void> {
    if (!isWanted || (await exists(this.folder.configDrive))) return
    if (!files) throw new Error(`the config drive of guest ${this.id} is missing: start it with the drive's content`)
    await makeConfigDrive(this.#host.settings, this.folder.configDrive, files)
  }

  async #prepareRuntime(): Promise<void> {
    const { runAs } = this.#host.settings
    const { sockets, consoleLog } = this.folder
    await rm(sockets.path, { recursive: true, force: true })
    await mkdir(sockets.path, { recursive: true, mode: 0o700 })
    if (runAs) await chown(sockets.path, runAs.uid, runAs.gid)
    if (!(await exists(consoleLog))) await makeFileForGuest(this.#host.settings, consoleLog)
  }

  /** Waits for the monitor of a process just started; throws with QEMU's words when it ends instead. */
  async #firstContact(child: ChildProcess): Promise<void> {
    let hasEnded = child.exitCode !== null || child.signalCode !== null
    const ended = () => {
      hasEnded = true
    }
    child.once('exit', ended)
    const deadline = Date.now() + this.#host.settings.limits.startWithinMs
    for (;;) {
      try {
        await this.#attach()
        child.off('exit', ended)
        return
      } catch (error) {
        if (hasEnded || Date.now() > deadline) {
          const words = await lastWords(this.folder)
          const why = hasEnded ? 'ended at once' : `did not answer: ${(error as Error).message}`
          throw new Error(`QEMU of guest ${this.id} ${why}${words ? `: ${words}` : ''}`)
        }
      }
      await wait(4)
    }
  }

  async #attach(): Promise<void> {
    const { startWithinMs, commandWithinMs } = this.#host.settings.limits
    const qmp = await QmpClient.connect(this.folder.sockets.qmp, startWithinMs, commandWithinMs)
    qmp.onClose(() => this.#inTurn(() => this.#monitorClosed(qmp)))
    qmp.onEvent(({ event, data }) => {
      if (event === 'DEVICE_DELETED') this.#plugged.delete(String(data.device))
      if (event === 'SHUTDOWN' || event === 'STOP' || event === 'RESUME') this.#inTurn(() => this.#look())
    })
    this.#plugged = await pluggedDevices(qmp)
    this.#power = await powerOf(qmp)
    this.#qmp = qmp
  }

  /** Takes up contact with a process that was running already; goes on trying where it does not answer. */
  async #reattach(): Promise<void> {
    const { log } = this.#host.settings
    try {
      await this.#attach()
      await dropAbandonedCopy(this.#qmp!)
      await this.#settle(this.#power)
    } catch (error) {
      log.error({ guest: this.id, pid: this.#pid, error: String(error) }, 'QEMU does not answer; trying on')
      const again = () => {
        if (!this.#isLetGo) this.#inTurn(() => this.#reattachOrMourn())
      }
      setTimeout(again, reattachEveryMs).unref()
    }
  }

  async #reattachOrMourn(): Promise<void> {
    if (this.#qmp || this.#pid === undefined || this.#isLetGo) return
    if (await isGoneWithin(this.#pid, this.id, 0)) await this.#mourn()
    else await this.#reattach()
  }

  /** Something happened to the guest: see what. Operations that caused it have settled it by then. */
  async #look(): Promise<void> {
    if (!this.#qmp || this.#qmp.isClosed) return
    const power = await powerOf(this.#qmp)
    if (power !== this.#power) await this.#settle(power)
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
      await this.#end()
    }
    if (power === 'crashed') await this.#host.acceleratorFailed(this.id)
    if (power !== before) this.#announce()
  }

  async #monitorClosed(qmp: QmpClient): Promise<void> {
    if (this.#qmp !== qmp) return
    this.#qmp = undefined
    if (await isGoneWithin(this.#pid!, this.id, this.#host.settings.limits.quitWithinMs)) await this.#mourn()
    else await this.#reattach()
  }

  async #mourn(): Promise<void> {
    this.#host.settings.log.warn(
      { guest: this.id, pid: this.#pid, words: await lastWords(this.folder) },
      'QEMU ended without being asked to',
    )
    await this.#end()
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
    const qmp = this.#qmp
    if (!qmp || graceMs <= 0 || !this.#isUp()) return
    const deadline = Date.now() + graceMs
    try {
      if (this.#power === 'paused') await qmp.execute('cont')
      for (let left = graceMs; left > 0; left = deadline - Date.now()) {
        const down = qmp.waitFor(({ event }) => event === 'SHUTDOWN', Math.min(left, pressEveryMs), signal)
        // A system that is still starting misses a press, so it is pressed again.
        const [pressed, isDown] = await Promise.allSettled([qmp.execute('system_powerdown'), down])
        if (pressed.status === 'rejected') throw pressed.reason
        if (isDown.status === 'rejected') throw isDown.reason
        if (isDown.value) return
      }
    } catch (error) {
      if (error instanceof DriverCloses) throw error
      if (signal.aborted || qmp.isClosed) return
      this.#host.settings.log.warn({ guest: this.id, error: String(error) }, 'pulling the plug instead of the button')
    }
  }

  /** Ends the process, whatever state it is in, and removes what only a process needs. */
  async #end(): Promise<void> {
    const { quitWithinMs } = this.#host.settings.limits
    const qmp = this.#qmp
    const pid = this.#pid ?? (await pidOf(this.folder))
    this.#qmp = undefined
    if (pid !== undefined) {
      const hasHeard =
        qmp !== undefined &&
        (await qmp.execute('quit', {}, quitWithinMs).then(
          () => true,
          () => false,
        ))
      if (!(await isGoneWithin(pid, this.id, hasHeard || qmp?.isClosed ? quitWithinMs : 0))) {
        this.#host.settings.log.warn({ guest: this.id, pid }, 'QEMU does not end when asked; killing it')
        await killGuest(pid, this.id, quitWithinMs)
      }
    }
    qmp?.close()
    this.#serial.close()
    this.#pid = undefined
    this.#plugged.clear()
    await rm(this.folder.sockets.path, { recursive: true, force: true })
    await rm(this.folder.pid, { force: true })
  }

  /** Removes drafts that a crash left. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.folder.path))
      if (/^(snapshot-|config-)|\.new$/.test(name)) await rm(join(this.folder.path, name), { recursive: true })
  }
}

async function powerOf(qmp: QmpClient): Promise<PowerState> {
  const { status } = (await qmp.execute('query-status')) as { status: string }
  if (status === 'running') return 'running'
  if (status === 'shutdown') return 'shutdown'
  if (status === 'internal-error' || status === 'guest-panicked') return 'crashed'
  return 'paused' // By us, by an I/O error, by a watchdog: the processors stand still.
}
