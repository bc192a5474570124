// The qemu-storage-daemon process: outlives us, is found again, and is ended only after a look at who it is.
import type { ChildProcess } from 'node:child_process'
import { chmod, chown, rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { readIfThere } from '../../../eden/files/durable.ts'
import { startDetached } from '../../../eden/process/detached.ts'
import { argumentsOf, runningProcesses } from '../../../eden/process/running.ts'
import { startUntilItAnswers } from '../../qemu/fresh-start.ts'
import { NoAnswer, QmpClient } from '../../qemu/qmp-client.ts'
import type { FilesVolumeSettings } from './options.ts'

const startWithinMs = 20_000
const endWithinMs = 10_000

/** A monitor connection to the daemon that runs, or to a new one; to a new one also where that one is known to be stuck. */
export async function reachDaemon(settings: FilesVolumeSettings, isStuck: boolean): Promise<QmpClient> {
  const running = isStuck ? undefined : await connectIfListening(settings)
  if (running) return running
  // A daemon that does not listen or answer holds locks on the volumes and helps nobody.
  await killDaemon(settings)
  return startUntilItAnswers({
    start: () => startDaemon(settings),
    clear: () => killDaemon(settings),
    again: (error) =>
      settings.log.warn({ error: String(error) }, 'the storage daemon did not start well; trying again'),
    isWorthRepeating: () => true,
  })
}

async function killDaemon(settings: FilesVolumeSettings): Promise<void> {
  const pid = await findDaemonPid(settings)
  if (pid !== undefined) await endDaemon(settings, pid, ['SIGKILL'])
}

/** The daemon's pid by its pid file, else by a look through all processes. */
export async function findDaemonPid(settings: FilesVolumeSettings): Promise<number | undefined> {
  const noted = Number.parseInt((await readIfThere(settings.pidFile)) ?? '', 10)
  if (noted > 1 && (await isDaemon(settings, noted))) return noted
  for await (const { pid, args } of runningProcesses()) if (isDaemonsCall(settings, args)) return pid
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
  return isDaemonsCall(settings, await argumentsOf(pid))
}

function isDaemonsCall(settings: FilesVolumeSettings, args: string[]): boolean {
  return args[0]?.endsWith('qemu-storage-daemon') === true && args.includes(monitorArgument(settings))
}

function monitorArgument(settings: FilesVolumeSettings): string {
  return `socket,id=monitor,server=on,wait=off,path=${settings.monitorSocket.replaceAll(',', ',,')}`
}

async function connectIfListening(settings: FilesVolumeSettings): Promise<QmpClient | undefined> {
  try {
    return await connect(settings, settings.answerWithinMs)
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
  return connect(settings, settings.greetWithinMs)
}

function connect(settings: FilesVolumeSettings, firstAnswerWithinMs: number): Promise<QmpClient> {
  const { monitorSocket, greetWithinMs, answerWithinMs } = settings
  const patience = { greetWithinMs, firstAnswerWithinMs, answerWithinMs }
  return QmpClient.connect(monitorSocket, { peer: 'The storage daemon', ...patience, endsOnSilence: true })
}

function launch(settings: FilesVolumeSettings): Promise<ChildProcess> {
  const nbd = `addr.type=unix,addr.path=${settings.nbdSocket.replaceAll(',', ',,')},max-connections=0`
  const args = ['--chardev', monitorArgument(settings), '--monitor', 'chardev=monitor', '--nbd-server', nbd]
  return startDetached('qemu-storage-daemon', [...args, '--pidfile', settings.pidFile], {
    logFile: settings.daemonLog,
    runAs: settings.runAs,
    hint: 'Install qemu-utils (Debian: package qemu-utils or qemu-system-common).',
  })
}

/** Connecting to a unix socket takes write permission on it. */
async function openNbdSocket(settings: FilesVolumeSettings): Promise<void> {
  if (settings.clientGroup === undefined) return chmod(settings.nbdSocket, 0o600)
  await chown(settings.nbdSocket, settings.runAs?.uid ?? process.getuid?.() ?? 0, settings.clientGroup)
  await chmod(settings.nbdSocket, 0o660)
}
