// Every setting of the QEMU driver: default, unit, meaning.
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { ToolLimits } from '../../../eden/process/limited-tool.ts'
import type { DriverLog } from '../../qemu/driver-log.ts'
import type { QemuImg } from '../../qemu/qemu-img.ts'

export interface QemuLimits {
  /** Address space of one qemu-img or genisoimage process, MiB. */
  toolMemoryMiB: number
  /** CPU time of a tool that makes a disk or config drive, seconds; wall time is four times that. */
  toolCpuSeconds: number
  /** CPU time of a tool that copies a whole disk, seconds; wall time is four times that. */
  copyCpuSeconds: number
  /** How long QEMU may take until it answers on its monitor. */
  startWithinMs: number
  /** How long a QEMU just started may greet and not answer before it is started anew; the last of them may take longer. */
  firstAnswerWithinMs: number
  /** How long one monitor command may take. */
  commandWithinMs: number
  /** How long QEMU may take to end once told to, before it is killed. */
  quitWithinMs: number
  /** How long the guest may take to let go of a device, per request, and how many requests are made. */
  unplugWithinMs: number
  unplugAttempts: number
  /** How much of a guest's serial console is kept at least; up to twice as much is on disk. */
  consoleLogKiB: number
  /** How often console logs are cut back to that size. */
  consoleTrimEveryMs: number
}

export interface QemuComputeOptions {
  /** Folder for guests and what was learned about the host; must survive a reboot. */
  stateDir: string
  /**
   * Folder for sockets; its path has to be short (Linux allows 107 bytes for a socket's whole path). Default: one of
   * its own below `/run` as root, else below `$XDG_RUNTIME_DIR`, else `run` in `stateDir`.
   */
  runtimeDir?: string
  qemuBinary?: string
  qemuImgBinary?: string
  genisoimageBinary?: string
  /** `auto` takes KVM where a probe shows that it truly runs guests, else TCG. `kvm` refuses to open without. */
  accelerator?: 'auto' | 'kvm' | 'tcg'
  /** What `-cpu` gets. Default: `host` under KVM, `max` under TCG. */
  cpuModel?: string
  /**
   * Unprivileged user for QEMU and its tools; needs a driver that runs as root, and a `stateDir` and image cache
   * whose parent folders let that user pass. Taps must be made for this user.
   */
  runAs?: { uid: number; gid: number }
  log: DriverLog
  limits?: Partial<QemuLimits>
}

export interface QemuSettings extends Required<Omit<QemuComputeOptions, 'runAs' | 'cpuModel' | 'limits'>> {
  runAs: { uid: number; gid: number } | undefined
  cpuModel: string | undefined
  limits: QemuLimits
}

const defaultLimits: QemuLimits = {
  toolMemoryMiB: 1024,
  toolCpuSeconds: 30,
  copyCpuSeconds: 900,
  startWithinMs: 30_000,
  firstAnswerWithinMs: 10_000,
  commandWithinMs: 30_000,
  quitWithinMs: 10_000,
  unplugWithinMs: 5_000,
  unplugAttempts: 4,
  consoleLogKiB: 1024,
  consoleTrimEveryMs: 15_000,
}

// `<runtimeDir>/<36 characters>/serial.sock` within 107 bytes.
const longestRuntimeDir = 107 - '/'.length - 36 - '/serial.sock'.length

/** Fills in defaults; throws where the settings cannot work. */
export function settingsOf(options: QemuComputeOptions): QemuSettings {
  const stateDir = resolve(options.stateDir)
  const runtimeDir = resolve(options.runtimeDir ?? defaultRuntimeDir(stateDir))
  if (Buffer.byteLength(runtimeDir) > longestRuntimeDir)
    throw new Error(
      `runtimeDir ${runtimeDir} is too long for unix sockets: give one of at most ${longestRuntimeDir} bytes`,
    )
  if (options.runAs && process.getuid?.() !== 0)
    throw new Error('runAs needs a driver that runs as root: run as root, or leave runAs out')
  return {
    qemuBinary: 'qemu-system-x86_64',
    qemuImgBinary: 'qemu-img',
    genisoimageBinary: 'genisoimage',
    accelerator: 'auto',
    cpuModel: undefined,
    runAs: undefined,
    ...options,
    stateDir,
    runtimeDir,
    limits: { ...defaultLimits, ...options.limits },
  }
}

/** What a tool may take that works on a guest's files; `cpuSeconds` is one of the limits. */
export function toolLimits({ limits, runAs }: QemuSettings, cpuSeconds: number): ToolLimits {
  return { memoryMiB: limits.toolMemoryMiB, cpuSeconds, withinSeconds: cpuSeconds * 4, runAs }
}

export function qemuImgOf(settings: QemuSettings, cpuSeconds = settings.limits.toolCpuSeconds): QemuImg {
  return { binary: settings.qemuImgBinary, ...toolLimits(settings, cpuSeconds) }
}

function defaultRuntimeDir(stateDir: string): string {
  const name = `cloudos-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`
  if (process.getuid?.() === 0) return join('/run', name)
  const mine = process.env.XDG_RUNTIME_DIR
  return mine ? join(mine, name) : join(stateDir, 'run')
}
