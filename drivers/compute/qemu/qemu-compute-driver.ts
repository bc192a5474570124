// Guests as QEMU processes on this host, one each, that go on without this program and are found again by it.
import type {
  ComputeDriver,
  DiskSpec,
  GuestSpec,
  HostInventory,
  NicSpec,
  ObservedGuest,
} from '../../../kernel/compute/driver.ts'
import { type AcceleratorChoice, chooseAccelerator, condemnKvm } from './accelerator.ts'
import { Guest, type GuestHost } from './guest.ts'
import {
  findRecord,
  type GuestFolder,
  type GuestRecord,
  guestFolder,
  listGuestFolders,
  prepareStateDir,
  removeGuestFolder,
} from './guest-folder.ts'
import { pidOf, searchProcesses } from './guest-process.ts'
import { hostInventory } from './inventory.ts'
import { type QemuComputeOptions, type QemuSettings, settingsOf } from './options.ts'
import { askQemu, type QemuVersion } from './qemu-version.ts'

export class QemuComputeDriver implements ComputeDriver {
  readonly name = 'qemu'
  #settings: QemuSettings
  #listeners = new Set<(guest: ObservedGuest) => void>()
  #guests = new Map<string, Guest>()
  #open: { version: QemuVersion; choice: AcceleratorChoice; host: GuestHost; trimmer: NodeJS.Timeout } | undefined

  /** Throws where the settings cannot work. */
  constructor(options: QemuComputeOptions) {
    this.#settings = settingsOf(options)
  }

  async open(): Promise<void> {
    if (this.#open) return
    await prepareStateDir(this.#settings)
    const version = await askQemu(this.#settings.qemuBinary)
    const choice = await chooseAccelerator(this.#settings, version.text)
    const host = this.#hostFor(version)
    const trimmer = setInterval(() => void this.#trimLogs(), this.#settings.limits.consoleTrimEveryMs).unref()
    this.#open = { version, choice, host, trimmer }
    await this.#findGuests(host)
  }

  async close(): Promise<void> {
    if (!this.#open) return
    clearInterval(this.#open.trimmer)
    await Promise.all([...this.#guests.values()].map((guest) => guest.letGo()))
    this.#guests.clear()
    this.#open = undefined
  }

  inventory(): Promise<HostInventory> {
    const { version, choice } = this.#opened()
    return hostInventory(this.#settings, version, choice)
  }

  async launch(spec: GuestSpec): Promise<void> {
    const { host } = this.#opened()
    const guest = this.#guests.get(spec.id) ?? new Guest(host, guestFolder(this.#settings, spec.id))
    this.#guests.set(spec.id, guest)
    await guest.launch(spec)
  }

  async destroy(id: string): Promise<void> {
    this.#opened()
    const guest = this.#guests.get(id)
    if (!guest) return
    await guest.destroy()
    // Unless it was launched again while this waited.
    if (!guest.observed()) this.#guests.delete(id)
  }

  async start(spec: GuestSpec): Promise<void> {
    await this.#guest(spec.id).start(spec)
  }

  async stop(id: string, graceMs: number): Promise<void> {
    await this.#guest(id).stop(graceMs)
  }

  async reboot(spec: GuestSpec, kind: 'soft' | 'hard', graceMs: number): Promise<void> {
    await this.#guest(spec.id).reboot(spec, kind, graceMs)
  }

  async pause(id: string): Promise<void> {
    await this.#guest(id).pause()
  }

  async unpause(id: string): Promise<void> {
    await this.#guest(id).unpause()
  }

  async attachDisk(id: string, disk: DiskSpec): Promise<void> {
    await this.#guest(id).attachDisk(disk)
  }

  async detachDisk(id: string, diskId: string): Promise<void> {
    await this.#guest(id).detachDisk(diskId)
  }

  async attachNic(id: string, nic: NicSpec): Promise<void> {
    await this.#guest(id).attachNic(nic)
  }

  async detachNic(id: string, nicId: string): Promise<void> {
    await this.#guest(id).detachNic(nicId)
  }

  async snapshotRoot(id: string, format: 'qcow2' | 'raw') {
    return this.#guest(id).snapshotRoot(format)
  }

  async consoleLog(id: string, lines?: number): Promise<string> {
    return this.#guest(id).consoleLog(lines)
  }

  async openConsole(id: string, kind: 'vnc' | 'serial') {
    return this.#guest(id).openConsole(kind)
  }

  async observe(): Promise<ObservedGuest[]> {
    this.#opened()
    return [...this.#guests.values()].map((guest) => guest.observed()).filter((guest) => guest !== undefined)
  }

  onChange(listener: (guest: ObservedGuest) => void): void {
    this.#listeners.add(listener)
  }

  #opened() {
    if (!this.#open) throw new Error('the QEMU driver is not open')
    return this.#open
  }

  #guest(id: string): Guest {
    this.#opened()
    const guest = this.#guests.get(id)
    if (!guest) throw new Error(`guest ${id} is not on this host`)
    return guest
  }

  #hostFor(version: QemuVersion): GuestHost {
    return {
      settings: this.#settings,
      machines: version.machines,
      choice: () => this.#opened().choice,
      changed: (guest) => this.#tell(guest),
      acceleratorFailed: (id) => this.#acceleratorFailed(id),
    }
  }

  #tell(guest: ObservedGuest): void {
    for (const listener of this.#listeners) {
      try {
        listener(guest)
      } catch (error) {
        this.#settings.log.error({ guest: guest.id, error: String(error) }, 'a listener to guests failed')
      }
    }
  }

  async #acceleratorFailed(id: string): Promise<void> {
    const { version, choice } = this.#opened()
    if (choice.accelerator !== 'kvm') return
    const reason = `KVM is not used: it failed under guest ${id}.`
    await condemnKvm(this.#settings, version.text, reason)
    this.#open!.choice = await chooseAccelerator(this.#settings, version.text)
    this.#settings.log.error({ guest: id }, 'KVM failed under a guest; further guests are started without it')
  }

  async #findGuests(host: GuestHost): Promise<void> {
    const found: { folder: GuestFolder; record: GuestRecord; pid: number | undefined }[] = []
    for (const folder of await listGuestFolders(this.#settings)) {
      try {
        const record = await findRecord(folder)
        if (record) found.push({ folder, record, pid: await pidOf(folder) })
        else await removeGuestFolder(folder) // Begun and never made, or half removed.
      } catch (error) {
        this.#settings.log.error({ guest: folder.id, error: String(error) }, 'a guest cannot be taken over')
      }
    }
    const lost = found.filter(({ record, pid }) => record.wanted === 'running' && pid === undefined)
    const searched = await searchProcesses(new Set(lost.map(({ folder }) => folder.id)))
    await Promise.all(
      found.map(async ({ folder, record, pid }) => {
        const guest = new Guest(host, folder, record)
        this.#guests.set(folder.id, guest)
        await guest.adopt(pid ?? searched.get(folder.id))
      }),
    )
  }

  async #trimLogs(): Promise<void> {
    for (const guest of this.#guests.values()) {
      try {
        await guest.trimConsoleLog()
      } catch (error) {
        this.#settings.log.warn({ guest: guest.id, error: String(error) }, 'a console log cannot be cut')
      }
    }
  }
}
