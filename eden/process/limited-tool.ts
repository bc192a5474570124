// Runs a tool to its end under limits: what it reads may come from a stranger.
import { spawn } from 'node:child_process'

export interface ToolLimits {
  /** Address space, MiB. */
  memoryMiB: number
  cpuSeconds: number
  /** Wall time, seconds. */
  withinSeconds: number
  /** Another user to run as; needs root. */
  runAs?: { uid: number; gid: number } | undefined
  /** Ends the tool early. */
  signal?: AbortSignal | undefined
}

const keptOutputBytes = 4096

/** Throws with the tool's last words where it fails, and with the signal's reason where that fired. Needs `prlimit`. */
export async function runLimited(tool: string, args: string[], limits: ToolLimits): Promise<void> {
  const { cpuSeconds, withinSeconds, signal } = limits
  const bounds = [`--as=${limits.memoryMiB * 1024 * 1024}`, `--cpu=${cpuSeconds}`, '--core=0']
  const child = spawn('prlimit', [...bounds, '--', tool, ...args], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    ...limits.runAs,
    timeout: withinSeconds * 1000,
    killSignal: 'SIGKILL',
    signal,
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-keptOutputBytes)
  })
  const outcome = await new Promise<string>((settle, fail) => {
    child.on('error', (error) => {
      const why = new Error(`prlimit cannot be run: ${error.message}. Install util-linux.`)
      fail(signal?.aborted ? signal.reason : why)
    })
    child.on('close', (status, killedBy) => {
      const tooMuch = `it may have ${cpuSeconds} s of CPU and ${withinSeconds} s in all`
      settle(killedBy ? `killed by ${killedBy}: ${tooMuch}` : String(status))
    })
  })
  if (outcome !== '0') throw new Error(`${tool} ${args[0]} failed (${outcome}): ${said.trim() || 'no output'}`)
}
