// The QEMU of one guest: its process, its monitor and what is plugged into it. Callers do one thing at a time.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { PowerState } from '../../../kernel/compute/driver.ts'
import { startUntilItAnswers } from '../../qemu/fresh-start.ts'
import { NoAnswer, QmpClient } from '../../qemu/qmp-client.ts'
import { provideSockets } from './guest-files.ts'
import type { GuestFolder } from './guest-folder.ts'
import { isGoneWithin, killGuest, lastWords, pidOf, spawnGuest } from './guest-process.ts'
import { pluggedDevices } from './hot-plug.ts'
import type { QemuSettings } from './options.ts'
import { SerialHub } from './serial-hub.ts'

/** Told what nobody asked for. */
export interface MachineNews {
  /** The guest's power state may be another one. */
  powerMayDiffer(): void
  monitorClosed(monitor: QmpClient): void
}

export class GuestMachine {
  readonly #settings: QemuSettings
  readonly #folder: GuestFolder
  readonly #news: MachineNews
  readonly #serial: SerialHub
  #monitor: QmpClient | undefined
  #pid: number | undefined
  #plugged = new Set<string>()

  constructor(settings: QemuSettings, folder: GuestFolder, news: MachineNews) {
    this.#settings = settings
    this.#folder = folder
    this.#news = news
    this.#serial = new SerialHub(folder.sockets.serial)
  }

  /** Undefined while there is no process, or none that answers. */
  get monitor(): QmpClient | undefined {
    return this.#monitor
  }

  get pid(): number | undefined {
    return this.#pid
  }

  /** The process that was found running; `attach` speaks to it. */
  adopt(pid: number | undefined): void {
    this.#pid = pid
  }

  /** What of the given kind is plugged in, without the kind. */
  plugged(kind: 'disk' | 'nic'): string[] {
    const prefix = `${kind}-`
    return [...this.#plugged].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  }

  /** True where there is no process, or it ends within that time. */
  async isGone(withinMs = 0): Promise<boolean> {
    return this.#pid === undefined || isGoneWithin(this.#pid, this.#folder.id, withinMs)
  }

  /** Starts QEMU and returns the guest's power state. Throws with QEMU's words where it ends instead. */
  start(args: string[]): Promise<PowerState> {
    const guest = this.#folder.id
    return startUntilItAnswers({
      start: (isLast) => this.#startOnce(args, isLast),
      clear: () => this.end(),
      again: (error) =>
        this.#settings.log.warn({ guest, error: String(error) }, 'QEMU came up mute; starting it once more'),
    })
  }

  async #startOnce(args: string[], isLast: boolean): Promise<PowerState> {
    await provideSockets(this.#settings, this.#folder)
    const child = await spawnGuest(this.#settings, this.#folder, args)
    this.#pid = child.pid
    const { commandWithinMs, firstAnswerWithinMs } = this.#settings.limits
    return this.#firstContact(child, isLast ? commandWithinMs : Math.min(firstAnswerWithinMs, commandWithinMs))
  }

  /** Waits for the monitor of a process just started. */
  async #firstContact(child: ChildProcess, firstAnswerWithinMs: number): Promise<PowerState> {
    let hasEnded = child.exitCode !== null || child.signalCode !== null
    const ended = () => {
      hasEnded = true
    }
    child.once('exit', ended)
    const deadline = Date.now() + this.#settings.limits.startWithinMs
    for (;;) {
      try {
        const power = await this.attach(firstAnswerWithinMs)
        child.off('exit', ended)
        return power
      } catch (error) {
        if (error instanceof NoAnswer) throw error
        if (hasEnded || Date.now() > deadline) {
          const words = await lastWords(this.#folder)
          const why = hasEnded ? 'ended at once' : `did not answer: ${(error as Error).message}`
          throw new Error(`QEMU of guest ${this.#folder.id} ${why}${words ? `: ${words}` : ''}`)
        }
      }
      await wait(4)
    }
  }

  /** Speaks to the process that runs and returns the guest's power state. */
  async attach(firstAnswerWithinMs = this.#settings.limits.commandWithinMs): Promise<PowerState> {
    const { startWithinMs, commandWithinMs } = this.#settings.limits
    const monitor = await QmpClient.connect(this.#folder.sockets.qmp, {
      peer: `QEMU of guest ${this.#folder.id}`,
      greetWithinMs: startWithinMs,
      firstAnswerWithinMs,
      answerWithinMs: commandWithinMs,
    })
    monitor.onClose(() => this.#news.monitorClosed(monitor))
    monitor.onEvent(({ event, data }) => {
      if (event === 'DEVICE_DELETED') this.#plugged.delete(String(data.device))
      if (event === 'SHUTDOWN' || event === 'STOP' || event === 'RESUME') this.#news.powerMayDiffer()
    })
    try {
      this.#plugged = await pluggedDevices(monitor)
      const power = await powerOf(monitor)
      this.#monitor = monitor
      return power
    } catch (error) {
      monitor.close() // Held on to, it would keep everybody out.
      throw error
    }
  }

  /** Changes what is plugged in; nothing to do where no process is. */
  async change(change: (monitor: QmpClient) => Promise<void>): Promise<void> {
    const monitor = this.#monitor
    if (!monitor) {
      if (this.#pid !== undefined) throw new Error(`QEMU of guest ${this.#folder.id} does not answer on its monitor`)
      return
    }
    try {
      await change(monitor)
    } finally {
      if (!monitor.isClosed) this.#plugged = await pluggedDevices(monitor)
    }
  }

  /** The guest's power state; undefined where nobody answers. */
  async power(): Promise<PowerState | undefined> {
    return this.#monitor && !this.#monitor.isClosed ? powerOf(this.#monitor) : undefined
  }

  async openConsole(kind: 'vnc' | 'serial'): Promise<Duplex> {
    if (kind === 'serial') return this.#serial.open()
    const socket = connect(this.#folder.sockets.vnc)
    await once(socket, 'connect')
    return socket.setNoDelay()
  }

  /** Forgets a monitor that has closed; false where it is none of ours any more. */
  forget(monitor: QmpClient): boolean {
    if (this.#monitor !== monitor) return false
    this.#monitor = undefined
    return true
  }

  /** Lets go of the process without touching it. */
  letGo(): void {
    this.#serial.close()
    this.#monitor?.close()
    this.#monitor = undefined
  }

  /** Ends the process, whatever state it is in, and removes what only a process needs. */
  async end(): Promise<void> {
    const { quitWithinMs } = this.#settings.limits
    const { id } = this.#folder
    const monitor = this.#monitor
    const pid = this.#pid ?? (await pidOf(this.#folder))
    this.#monitor = undefined
    if (pid !== undefined) {
      const hasHeard =
        monitor !== undefined &&
        (await monitor.execute('quit', {}, quitWithinMs).then(
          () => true,
          () => false,
        ))
      if (!(await isGoneWithin(pid, id, hasHeard || monitor?.isClosed ? quitWithinMs : 0))) {
        this.#settings.log.warn({ guest: id, pid }, 'QEMU does not end when asked; killing it')
        await killGuest(pid, id, quitWithinMs)
      }
    }
    monitor?.close()
    this.#serial.close()
    this.#pid = undefined
    this.#plugged.clear()
    await rm(this.#folder.sockets.path, { recursive: true, force: true })
    await rm(this.#folder.pid, { force: true })
  }
}

async function powerOf(monitor: QmpClient): Promise<PowerState> {
  const { status } = (await monitor.execute('query-status')) as { status: string }
  if (status === 'running') return 'running'
  if (status === 'shutdown') return 'shutdown'
  if (status === 'internal-error' || status === 'guest-panicked') return 'crashed'
  return 'paused' // By us, by an I/O error, by a watchdog: the processors stand still.
}
