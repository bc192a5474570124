// Runs qemu-img under limits: what it reads may come from a stranger.
import { spawn } from 'node:child_process'
import type { FilesVolumeSettings } from './options.ts'

const keptOutputBytes = 4096

/** Runs qemu-img to its end with bounded memory, CPU and wall time; throws with its last words where it fails. */
export async function qemuImg(settings: FilesVolumeSettings, args: string[]): Promise<void> {
  const seconds = settings.copyWithinSeconds
  const limits = [`--as=${settings.toolMemoryMiB * 1024 * 1024}`, `--cpu=${seconds}`, '--core=0']
  const child = spawn('prlimit', [...limits, '--', 'qemu-img', ...args], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    ...settings.runAs,
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-keptOutputBytes)
  })
  const outcome = await new Promise<string>((settle, fail) => {
    child.on('error', (error) => fail(new Error(`prlimit cannot be run: ${error.message}. Install util-linux.`)))
    child.on('close', (status, signal) => settle(signal ? `killed by ${signal}, limit ${seconds} s` : String(status)))
  })
  if (outcome !== '0') throw new Error(`qemu-img ${args[0]} failed (${outcome}): ${said.trim() || 'no output'}`)
}
