// QEMU processes that outlive this one: started detached, found again, and ended only after a look at who they are.
import type { ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { startDetached } from '../../../eden/process/detached.ts'
import { argumentsOf, runningProcesses } from '../../../eden/process/running.ts'
import type { GuestFolder } from './guest-folder.ts'
import type { QemuSettings } from './options.ts'

/** Starts QEMU in a session of its own, with its words going to the guest's `qemu.log`. */
export async function spawnGuest(settings: QemuSettings, folder: GuestFolder, args: string[]): Promise<ChildProcess> {
  const child = await startDetached(settings.qemuBinary, args, {
    logFile: folder.qemuLog,
    runAs: settings.runAs,
    hint: 'Install qemu-system-x86 or set qemuBinary.',
  })
  await writeFile(folder.pid, `${child.pid}\n`)
  return child
}

/** True while the process lives and is this guest's QEMU; a reused pid is not. */
export async function isGuestProcess(pid: number, id: string): Promise<boolean> {
  return guestOf(await argumentsOf(pid)) === id
}

/** The guest that a process with these arguments is of. */
function guestOf(args: string[]): string | undefined {
  const id = args[args.indexOf('-uuid') + 1]
  return args.includes('-uuid') && args.includes(`guest=${id}`) ? id : undefined
}

/** The guest's pid by its pid file, or undefined where that names no process of this guest. */
export async function pidOf(folder: GuestFolder): Promise<number | undefined> {
  const text = await readFile(folder.pid, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return pid > 1 && (await isGuestProcess(pid, folder.id)) ? pid : undefined
}

/**
 * Looks through all processes for the guests of `ids`: for those whose starter died between starting QEMU and
 * writing the pid file.
 */
export async function searchProcesses(ids: Set<string>): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  if (!ids.size) return found
  for await (const { pid, args } of runningProcesses()) {
    const id = guestOf(args)
    if (id !== undefined && ids.has(id)) found.set(id, pid)
  }
  return found
}

/** Kills the process if it is still this guest's; waits until it is gone. */
export async function killGuest(pid: number, id: string, withinMs: number): Promise<void> {
  if (await isGuestProcess(pid, id)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  if (!(await isGoneWithin(pid, id, withinMs)))
    throw new Error(`QEMU process ${pid} of guest ${id} does not end, not even by SIGKILL; look at its disks' storage`)
}

/** Waits up to `withinMs` for the process to be gone, its locks on disks with it. */
export async function isGoneWithin(pid: number, id: string, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  for (let pauseMs = 2; await isGuestProcess(pid, id); pauseMs = Math.min(pauseMs * 2, 50)) {
    if (Date.now() >= deadline) return false
    await wait(pauseMs)
  }
  return true
}

/** QEMU's last words, for an error message. */
export async function lastWords(folder: GuestFolder): Promise<string> {
  const text = await readFile(folder.qemuLog, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-3).join(' | ').slice(-1000)
}
