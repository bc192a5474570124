// Chooses KVM or TCG. A host may offer /dev/kvm and yet never get a guest past its loader (nested virtualisation,
// interpreting KVMs), so KVM is used only after a probe ran on it; the answer holds until the next reboot.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, constants, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../../../eden/files/durable.ts'
import type { QemuSettings } from './options.ts'
import { probePassedStatus, probeRom } from './probe-rom.ts'

export interface AcceleratorChoice {
  accelerator: 'kvm' | 'tcg'
  /** What `-cpu` gets. */
  cpuModel: string
  /** Sentences for the operator. */
  reasons: string[]
}

interface Verdict {
  /** The circumstances the verdict holds for; another boot, QEMU, CPU model or user is probed anew. */
  key: string
  usable: boolean
  reason: string
}

/** Native code needs well under 0.1 s for the ROM; the second limit is for an overloaded host. */
const probeLimitsMs = [2_000, 5_000]

export async function chooseAccelerator(settings: QemuSettings, qemuVersion: string): Promise<AcceleratorChoice> {
  const tcg = (...reasons: string[]): AcceleratorChoice => ({
    accelerator: 'tcg',
    cpuModel: settings.cpuModel ?? 'max',
    reasons,
  })
  if (settings.accelerator === 'tcg') return tcg('TCG is used because the settings say so.')
  const cpuModel = settings.cpuModel ?? 'host'
  const { usable, reasons } = await judgeKvm(settings, cpuModel, qemuVersion)
  if (usable) return { accelerator: 'kvm', cpuModel, reasons }
  if (settings.accelerator === 'kvm')
    throw new Error(`the settings ask for KVM, which this host cannot give: ${reasons.join(' ')}`)
  return tcg(...reasons)
}

/** Remembers that KVM failed under a real guest, so that no further guest is started on it until reboot. */
export async function condemnKvm(settings: QemuSettings, qemuVersion: string, reason: string): Promise<void> {
  const key = await verdictKey(settings, settings.cpuModel ?? 'host', qemuVersion)
  await writeDurably(verdictPath(settings), JSON.stringify({ key, usable: false, reason } satisfies Verdict))
}

async function judgeKvm(settings: QemuSettings, cpuModel: string, qemuVersion: string) {
  const reasons: string[] = []
  if (!existsSync('/dev/kvm')) return { usable: false, reasons: ['KVM is not used: there is no /dev/kvm.'] }
  if (!settings.runAs && !(await isWritable('/dev/kvm')))
    return { usable: false, reasons: ['KVM is not used: /dev/kvm is not writable; add this user to its group.'] }
  if (!existsSync('/sys/module/kvm_intel') && !existsSync('/sys/module/kvm_amd'))
    reasons.push('KVM is suspicious here: neither kvm_intel nor kvm_amd is loaded.')
  const verdict = await recalledVerdict(settings, cpuModel, qemuVersion)
  return { usable: verdict.usable, reasons: [...reasons, verdict.reason] }
}

async function recalledVerdict(settings: QemuSettings, cpuModel: string, qemuVersion: string): Promise<Verdict> {
  const key = await verdictKey(settings, cpuModel, qemuVersion)
  const recalled = await readVerdict(settings)
  if (recalled?.key === key) return recalled
  const verdict = { key, ...(await probe(settings, cpuModel)) }
  await writeDurably(verdictPath(settings), JSON.stringify(verdict))
  settings.log.info({ cpuModel, ...verdict }, 'probed KVM')
  return verdict
}

async function readVerdict(settings: QemuSettings): Promise<Verdict | undefined> {
  try {
    return JSON.parse(await readFile(verdictPath(settings), 'utf8')) as Verdict
  } catch {
    return undefined // Absent or unreadable alike: the probe answers again.
  }
}

const verdictPath = (settings: QemuSettings) => join(settings.stateDir, 'kvm-verdict.json')

async function verdictKey(settings: QemuSettings, cpuModel: string, qemuVersion: string): Promise<string> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  return [bootId, settings.qemuBinary, qemuVersion, cpuModel, settings.runAs?.uid ?? process.getuid?.()].join(' ')
}

async function probe(settings: QemuSettings, cpuModel: string): Promise<{ usable: boolean; reason: string }> {
  const rom = join(settings.stateDir, 'kvm-probe.rom')
  await writeFile(rom, probeRom(), { mode: 0o644 })
  for (const withinMs of probeLimitsMs) {
    const outcome = await runProbe(settings, rom, cpuModel, withinMs)
    if (outcome.status === probePassedStatus)
      return { usable: true, reason: `KVM is used: the probe ran with CPU model ${cpuModel}.` }
    if (!outcome.timedOut)
      return {
        usable: false,
        reason: `KVM is not used: QEMU ended the probe with ${outcome.status ?? outcome.signal}${outcome.lastWords}.`,
      }
  }
  return {
    usable: false,
    reason: `KVM is not used: the probe's code did not finish within ${probeLimitsMs.at(-1)} ms.`,
  }
}

function runProbe(settings: QemuSettings, rom: string, cpuModel: string, withinMs: number) {
  const args = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '4', '-bios', rom]
  args.push('-device', 'isa-debug-exit,iobase=0xf4,iosize=1', '-accel', 'kvm', '-cpu', cpuModel)
  const child = spawn(settings.qemuBinary, args, { stdio: ['ignore', 'ignore', 'pipe'], ...settings.runAs })
  let timedOut = false
  let said = ''
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-1024)
  })
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, withinMs)
  return new Promise<{ status: number | null; signal: string | null; timedOut: boolean; lastWords: string }>(
    (settle, fail) => {
      child.on('error', fail)
      child.on('close', (status, signal) => {
        clearTimeout(timer)
        const lastLine = said.trim().split('\n').at(-1)
        settle({ status, signal, timedOut, lastWords: lastLine ? ` (${lastLine})` : '' })
      })
    },
  )
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
}
