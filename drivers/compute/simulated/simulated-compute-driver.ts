// A host without hardware: guests have a life, devices, consoles and snapshots, and cost next to nothing. For
// disposable clouds, runs over thousands of hosts, and dashboards under development.
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type {
  ComputeDriver,
  DiskSpec,
  GuestSpec,
  HostInventory,
  NicSpec,
  ObservedGuest,
  PowerState,
} from '../../../kernel/compute/driver.ts'
import { simulatedInventory } from './inventory.ts'
import { bootLines, SerialConsole } from './simulated-console.ts'
import { SimulatedScreen } from './simulated-screen.ts'
import { simulatedSnapshot } from './simulated-snapshot.ts'

interface SimulatedGuest {
  spec: Omit<GuestSpec, 'configDrive'>
  hasConfigDrive: boolean
  power: PowerState
  console: SerialConsole
  screens: Set<SimulatedScreen>
}

/** A host's guests. Given to one driver after another, it is what survives a restart. */
export class SimulatedHostState {
  readonly guests = new Map<string, SimulatedGuest>()
}

export type ComputeOperation = Exclude<keyof ComputeDriver, 'name' | 'onChange'>

/** How the host misbehaves. */
export interface SimulatedComputeKnobs {
  /** Every operation takes that long; 0 is at once, without a timer. */
  delayMs: number
  /** The next call of `operation` that is not yet spoken for throws `error` and changes nothing. */
  failNext(operation: ComputeOperation, error: Error): void
}

export interface SimulatedComputeOptions {
  state?: SimulatedHostState
  inventory?: Partial<HostInventory>
  delayMs?: number
}

export class SimulatedComputeDriver implements ComputeDriver {
  readonly name = 'simulated'
  readonly knobs: SimulatedComputeKnobs
  #state: SimulatedHostState
  #inventory: HostInventory
  #failures: { operation: ComputeOperation; error: Error }[] = []
  #listeners = new Set<(guest: ObservedGuest) => void>()
  #isOpen = false

  constructor(options: SimulatedComputeOptions = {}) {
    this.#state = options.state ?? new SimulatedHostState()
    this.#inventory = { ...simulatedInventory, ...options.inventory }
    this.knobs = {
      delayMs: options.delayMs ?? 0,
      failNext: (operation, error) => void this.#failures.push({ operation, error }),
    }
  }

  async open(): Promise<void> {
    await this.#suffer('open')
    this.#isOpen = true
  }

  async close(): Promise<void> {
    await this.#suffer('close')
    this.#isOpen = false
  }

  async inventory(): Promise<HostInventory> {
    await this.#begin('inventory')
    return structuredClone(this.#inventory)
  }

  async launch(spec: GuestSpec): Promise<void> {
    await this.#begin('launch')
    const guest = this.#state.guests.get(spec.id)
    if (guest) {
      if (!isUp(guest)) boot(guest, spec)
      return
    }
    const made = { spec, hasConfigDrive: false, power: 'shutdown', console: new SerialConsole(), screens: new Set() }
    this.#state.guests.set(spec.id, boot(made as SimulatedGuest, spec))
  }

  async destroy(id: string): Promise<void> {
    await this.#begin('destroy')
    const guest = this.#state.guests.get(id)
    if (guest) halt(guest, 'shutdown')
    this.#state.guests.delete(id)
  }

  async start(spec: GuestSpec): Promise<void> {
    await this.#begin('start')
    const guest = this.#guest(spec.id)
    if (!isUp(guest)) boot(guest, spec)
  }

  async stop(id: string, _graceMs: number): Promise<void> {
    await this.#begin('stop')
    halt(this.#guest(id), 'shutdown')
  }

  async reboot(spec: GuestSpec, _kind: 'soft' | 'hard', _graceMs: number): Promise<void> {
    await this.#begin('reboot')
    const guest = this.#guest(spec.id)
    halt(guest, 'shutdown')
    boot(guest, spec)
  }

  async pause(id: string): Promise<void> {
    await this.#begin('pause')
    this.#upGuest(id, 'pause').power = 'paused'
  }

  async unpause(id: string): Promise<void> {
    await this.#begin('unpause')
    this.#upGuest(id, 'unpause').power = 'running'
  }

  async attachDisk(id: string, disk: DiskSpec): Promise<void> {
    await this.#begin('attachDisk')
    const { spec } = this.#guest(id)
    spec.disks = [...without(spec.disks, disk.id), disk]
  }

  async detachDisk(id: string, diskId: string): Promise<void> {
    await this.#begin('detachDisk')
    const { spec } = this.#guest(id)
    spec.disks = without(spec.disks, diskId)
  }

  async attachNic(id: string, nic: NicSpec): Promise<void> {
    await this.#begin('attachNic')
    const { spec } = this.#guest(id)
    spec.nics = [...without(spec.nics, nic.id), nic]
  }

  async detachNic(id: string, nicId: string): Promise<void> {
    await this.#begin('detachNic')
    const { spec } = this.#guest(id)
    spec.nics = without(spec.nics, nicId)
  }

  async snapshotRoot(id: string, format: 'qcow2' | 'raw') {
    await this.#begin('snapshotRoot')
    const { root } = this.#guest(id).spec
    if (!root) throw new Error(`guest ${id} has no root disk of its own: make a snapshot of its volume instead`)
    return simulatedSnapshot(id, root, format)
  }

  async consoleLog(id: string, lines?: number): Promise<string> {
    await this.#begin('consoleLog')
    const { log } = this.#guest(id).console
    return lines === undefined ? log : lastLines(log, lines)
  }

  async openConsole(id: string, kind: 'vnc' | 'serial'): Promise<Duplex> {
    await this.#begin('openConsole')
    const guest = this.#upGuest(id, 'open the console of')
    if (kind === 'serial') return guest.console.open()
    const screen = new SimulatedScreen()
    guest.screens.add(screen)
    screen.once('close', () => guest.screens.delete(screen))
    return screen
  }

  async observe(): Promise<ObservedGuest[]> {
    await this.#begin('observe')
    return [...this.#state.guests.values()].map(observed)
  }

  onChange(listener: (guest: ObservedGuest) => void): void {
    this.#listeners.add(listener)
  }

  /** What happens to guests without anybody asking: one switches itself off, or its process is killed. */
  happen(id: string, power: 'shutdown' | 'crashed'): void {
    const guest = this.#guest(id)
    if (!isUp(guest)) return
    halt(guest, power)
    for (const listener of this.#listeners) listener(observed(guest))
  }

  async #begin(operation: ComputeOperation): Promise<void> {
    if (!this.#isOpen) throw new Error('the simulated driver is not open')
    await this.#suffer(operation)
  }

  async #suffer(operation: ComputeOperation): Promise<void> {
    if (this.knobs.delayMs > 0) await wait(this.knobs.delayMs)
    const index = this.#failures.findIndex((failure) => failure.operation === operation)
    if (index >= 0) throw this.#failures.splice(index, 1)[0]!.error
  }

  #guest(id: string): SimulatedGuest {
    const guest = this.#state.guests.get(id)
    if (!guest) throw new Error(`guest ${id} is not on this host`)
    return guest
  }

  #upGuest(id: string, verb: string): SimulatedGuest {
    const guest = this.#guest(id)
    if (!isUp(guest)) throw new Error(`cannot ${verb} guest ${id}: it is ${guest.power}`)
    return guest
  }
}

const isUp = ({ power }: SimulatedGuest) => power === 'running' || power === 'paused'

function boot(guest: SimulatedGuest, spec: GuestSpec): SimulatedGuest {
  const { configDrive, ...kept } = spec
  guest.spec = kept
  guest.hasConfigDrive ||= configDrive !== undefined
  guest.power = 'running'
  guest.console.print(bootLines(kept, guest.hasConfigDrive))
  return guest
}

function halt(guest: SimulatedGuest, power: 'shutdown' | 'crashed'): void {
  if (isUp(guest) && power === 'shutdown') guest.console.print('\r\nPower down.\r\n')
  guest.power = power
  guest.console.hangUp()
  for (const screen of guest.screens) screen.destroy()
}

const observed = ({ spec, power }: SimulatedGuest): ObservedGuest => ({
  id: spec.id,
  power,
  disks: spec.disks.map(({ id }) => id),
  nics: spec.nics.map(({ id }) => id),
})

const without = <T extends { id: string }>(all: T[], id: string) => all.filter((one) => one.id !== id)

/** A last line that has no end yet counts as a line. */
function lastLines(text: string, lines: number): string {
  const all = text.split('\n')
  const isEnded = all.at(-1) === ''
  return lines <= 0 ? '' : all.slice(-lines - (isEnded ? 1 : 0)).join('\n')
}
