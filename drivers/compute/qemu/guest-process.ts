// QEMU processes that outlive this one: started detached, found again, and ended only after a look at who they are.
import { type ChildProcess, spawn } from 'node:child_process'
import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { GuestFolder } from './guest-folder.ts'
import type { QemuSettings } from './options.ts'

/** Starts QEMU in a session of its own, with its words going to the guest's `qemu.log`. */
export async function spawnGuest(
  settings: QemuSettings,
  folder: GuestFolder,
  args: string[],
): Promise<{ pid: number; child: ChildProcess }> {
  const log = await open(folder.qemuLog, 'a', 0o600)
  try {
    await log.truncate(0)
    const child = spawn(settings.qemuBinary, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...settings.runAs,
    })
    await new Promise<void>((settle, fail) => {
      child.once('spawn', settle)
      child.once('error', (error) => fail(new Error(`${settings.qemuBinary} cannot be run: ${error.message}`)))
    })
    child.unref()
    await writeFile(folder.pid, `${child.pid}\n`)
    return { pid: child.pid!, child }
  } finally {
    await log.close()
  }
}

/** True while the process lives and is this guest's QEMU; a reused pid is not. */
export async function isGuestProcess(pid: number, id: string): Promise<boolean> {
  try {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).split('\0')
    return args.includes('-uuid') && args[args.indexOf('-uuid') + 1] === id && args.includes(`guest=${id}`)
  } catch {
    return false // Gone, or never was.
  }
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
  for (const name of await readdir('/proc')) {
    const pid = Number(name)
    if (!(pid > 1)) continue
    const args = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0')
    const id = args[args.indexOf('-uuid') + 1]
    if (id && ids.has(id) && args.includes(`guest=${id}`)) found.set(id, pid)
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
