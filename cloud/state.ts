// Where a cloud keeps what must survive it: one folder, one process at a time.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Plan } from './plan.ts'

/** `/var/lib/cloudos` for root, the user's own data folder otherwise; `CLOUDOS_STATE` names another. */
export function defaultStateDir(): string {
  if (process.env.CLOUDOS_STATE) return process.env.CLOUDOS_STATE
  if (process.getuid?.() === 0) return '/var/lib/cloudos'
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'cloudos')
}

/** Sockets live here: their paths may have 107 characters at most. */
export function runtimeDirOf(stateDir: string): string {
  const own = join(stateDir, 'run')
  return own.length <= 40 ? own : join('/tmp', `cloudos-${process.getuid?.() ?? 0}-${hash(stateDir)}`)
}

const hash = (text: string) => {
  let value = 5381
  for (const letter of text) value = (value * 33 + letter.charCodeAt(0)) >>> 0
  return value.toString(36)
}

export interface RunningProcess {
  pid: number
  /** Field 22 of /proc/PID/stat: tells a process from another that got its number later. */
  startedAt: string
  frontOrigin?: string
}

const processFile = (stateDir: string) => join(stateDir, 'process.json')

export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** The process that runs the cloud of this folder, if it is alive. */
export function runningProcess(stateDir: string): RunningProcess | undefined {
  try {
    const known = JSON.parse(readFileSync(processFile(stateDir), 'utf8')) as RunningProcess
    return startTimeOf(known.pid) === known.startedAt ? known : undefined
  } catch {
    return undefined
  }
}

/** Claims the folder for this process. @throws where another is at work on it. */
export function claimState(stateDir: string): { note(more: Partial<RunningProcess>): void; release(): void } {
  mkdirSync(stateDir, { recursive: true, mode: 0o711 })
  const other = runningProcess(stateDir)
  if (other && other.pid !== process.pid)
    throw new Error(`A cloud is running on ${stateDir} already (process ${other.pid}). './cloudos down' stops it.`)
  const mine: RunningProcess = { pid: process.pid, startedAt: startTimeOf(process.pid) ?? '' }
  const write = () => writeFileSync(processFile(stateDir), JSON.stringify(mine))
  write()
  return {
    note(more) {
      Object.assign(mine, more)
      write()
    },
    release: () => rmSync(processFile(stateDir), { force: true }),
  }
}

/** The plan that a cloud was first started with stays its plan. */
export function keepPlan(stateDir: string, { drivers, nodes, settings, networkPrefix }: Plan): void {
  const path = join(stateDir, 'plan.yaml')
  if (existsSync(path)) return
  writeWhole(path, stringify({ drivers, nodes, settings, ...(networkPrefix && { networkPrefix }) }), 0o644)
}

/**
 * The administrator's first password until it was handed over, the same at each try; then undefined. A start that is
 * interrupted may have made the administrator already, so the password is on disk before the administrator is.
 */
export function firstPassword(stateDir: string): { password: string | undefined; given(): void } {
  const path = join(stateDir, 'first-password')
  if (!existsSync(path)) writeWhole(path, randomBytes(12).toString('base64url'), 0o600)
  const kept = readFileSync(path, 'utf8').trim()
  // Once it is in clouds.yaml only the fact is kept here.
  return { password: kept === 'given' ? undefined : kept, given: () => writeWhole(path, 'given\n', 0o600) }
}

/** The file is there whole or as it was. */
function writeWhole(path: string, text: string, mode: number): void {
  const next = `${path}.new`
  writeFileSync(next, text, { mode, flush: true })
  renameSync(next, path)
}

/** A secret of the cloud, made at first use; readable by its owner alone. */
export function secretFile(path: string, bytes: number): Buffer {
  if (!existsSync(path)) writeWhole(path, randomBytes(bytes).toString('base64'), 0o600)
  return Buffer.from(readFileSync(path, 'utf8'), 'base64')
}
