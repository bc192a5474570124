// Runs qemu-img and genisoimage under limits: what they read may come from a stranger.
import { spawn } from 'node:child_process'
import type { QemuSettings } from './options.ts'

const keptOutputBytes = 4096

/**
 * Runs a tool to its end with bounded memory, CPU and wall time, as the guests' user where there is one.
 * Throws with the tool's last words when it fails.
 */
export async function runConfined(
  settings: QemuSettings,
  command: string,
  args: string[],
  cpuSeconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const limits = [`--as=${settings.limits.toolMemoryMiB * 1024 * 1024}`, `--cpu=${cpuSeconds}`, '--core=0']
  const child = spawn('prlimit', [...limits, '--', command, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...settings.runAs,
    timeout: cpuSeconds * 4_000,
    killSignal: 'SIGKILL',
    signal,
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-keptOutputBytes)
  })
  const outcome = await new Promise<string>((settle, fail) => {
    child.on('error', (error) =>
      fail(signal?.aborted ? signal.reason : new Error(`prlimit cannot be run: ${error.message}`)),
    )
    child.on('close', (status, killedBy) => settle(killedBy ? `killed by ${killedBy}` : String(status)))
  })
  if (outcome === '0') return
  const why = outcome.startsWith('killed')
    ? `${outcome}: it needed more than ${cpuSeconds} s of CPU or ${cpuSeconds * 4} s in all`
    : `status ${outcome}`
  throw new Error(`${command} ${args[0]} failed (${why})${said ? `: ${said.trim()}` : ''}`)
}
