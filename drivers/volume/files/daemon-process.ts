// The qemu-storage-daemon process: outlives us, is found again, and is ended only after a look at who it is.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, chown, open, readdir, readFile, rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { readIfThere } from './durable.ts'
import type { FilesVolumeSettings } from './options.ts'
import { NoAnswer, QmpClient } from './qmp-client.ts'

const startWithinMs = 20_000
const endWithinMs = 10_000
/**
 * QEMU (seen with 7.2, reported for 10) can be caught by a client that connects in its first moments: two of its
 * threads accept on the same socket, one waits there for ever. Such a daemon greets but never answers.
 */
const startAttempts = 3

/** A monitor connection to the daemon that runs, or to a new one; to a new one also where that one is known to be stuck. */
export async function reachDaemon(settings: FilesVolumeSettings, isStuck: boolean): Promise<QmpClient> {
  const running = isStuck ? undefined : await connectIfListening(settings)
  if (running) return running
  // A daemon that does not listen or answer holds locks on the volumes and helps nobody.
  const stray = await findDaemonPid(settings)
  if (stray !== undefined) await endDaemon(settings, stray, ['SIGKILL'])
  for (let attempt = 1; ; attempt++) {
    try {
      return await startDaemon(settings)
    } catch (error) {
      const pid = await findDaemonPid(settings)
      if (pid !== undefined) await endDaemon(settings, pid, ['SIGKILL'])
      if (attempt === startAttempts) throw error
      settings.log.warn({ error: String(error), attempt }, 'the storage daemon did not start well; trying again')
    }
  }
}

/** The daemon's pid by its pid file, else by a look through all processes. */
export async function findDaemonPid(settings: FilesVolumeSettings): Promise<number | undefined> {
  const noted = Number.parseInt((await readIfThere(settings.pidFile)) ?? '', 10)
  if (noted > 1 && (await isDaemon(settings, noted))) return noted
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await isDaemon(settings, Number(name)))) return Number(name)
  }
  return undefined
}

/** Ends our daemon, killing it where it does not listen; guests wait until another one serves them. */
export async function endDaemon(
  settings: FilesVolumeSettings,
  pid: number,
  signals: NodeJS.Signals[] = ['SIGTERM', 'SIGKILL'],
): Promise<void> {
  for (const signal of signals) {
    if (!(await isDaemon(settings, pid))) return
    process.kill(pid, signal)
    const deadline = Date.now() + endWithinMs
    while (Date.now() < deadline && (await isDaemon(settings, pid))) await wait(10)
  }
  if (await isDaemon(settings, pid)) throw new Error(`Storage daemon ${pid} does not end. Is the disk under it stuck?`)
}

async function isDaemon(settings: FilesVolumeSettings, pid: number): Promise<boolean> {
  // Unreadable or empty: gone, or never was ours.
  const args = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0')
  return args[0]!.endsWith('qemu-storage-daemon') && args.includes(monitorArgument(settings))
}

function monitorArgument(settings: FilesVolumeSettings): string {
  return `socket,id=monitor,server=on,wait=off,path=${settings.monitorSocket.replaceAll(',', ',,')}`
}

async function connectIfListening(settings: FilesVolumeSettings): Promise<QmpClient | undefined> {
  try {
    const { greetWithinMs, answerWithinMs } = settings
    const patience = { greetWithinMs, answerWithinMs, firstAnswerWithinMs: answerWithinMs }
    return await QmpClient.connect(settings.monitorSocket, patience)
  } catch (error) {
    if (error instanceof NoAnswer) {
      settings.log.warn({ socket: settings.monitorSocket }, 'the storage daemon is stuck; replacing it')
      return undefined
    }
    if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

async function startDaemon(settings: FilesVolumeSettings): Promise<QmpClient> {
  await rm(settings.pidFile, { force: true })
  const child = await launch(settings)
  const deadline = Date.now() + startWithinMs
  for (;;) {
    // The pid file comes last, when all sockets are there.
    if ((await readIfThere(settings.pidFile)) !== undefined) break
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      const words = ((await readIfThere(settings.daemonLog)) ?? '').trim().slice(-1000)
      child.kill('SIGKILL')
      throw new Error(`The storage daemon did not start: ${words || 'no output'}`)
    }
    await wait(5)
  }
  await openNbdSocket(settings)
  const { greetWithinMs, answerWithinMs } = settings
  return QmpClient.connect(settings.monitorSocket, {
    greetWithinMs,
    answerWithinMs,
    firstAnswerWithinMs: greetWithinMs,
  })
}

async function launch(settings: FilesVolumeSettings): Promise<ChildProcess> {
  const nbd = `addr.type=unix,addr.path=${settings.nbdSocket.replaceAll(',', ',,')},max-connections=0`
  const args = ['--chardev', monitorArgument(settings), '--monitor', 'chardev=monitor', '--nbd-server', nbd]
  const log = await open(settings.daemonLog, 'w', 0o600)
  try {
    const child = spawn('qemu-storage-daemon', [...args, '--pidfile', settings.pidFile], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...settings.runAs,
    })
    await new Promise<void>((ready, fail) => {
      child.once('spawn', ready)
      const hint = 'Install qemu-utils (Debian: package qemu-utils or qemu-system-common).'
      child.once('error', (error) => fail(new Error(`qemu-storage-daemon cannot be run: ${error.message}. ${hint}`)))
    })
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

/** Connecting to a unix socket takes write permission on it. */
async function openNbdSocket(settings: FilesVolumeSettings): Promise<void> {
  if (settings.clientGroup === undefined) return chmod(settings.nbdSocket, 0o600)
  await chown(settings.nbdSocket, settings.runAs?.uid ?? process.getuid?.() ?? 0, settings.clientGroup)
  await chmod(settings.nbdSocket, 0o660)
}
