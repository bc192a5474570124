// Starts programs that outlive us: in a session of their own, with their words in a file.
import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'

export interface DetachedOptions {
  /** Takes what the program says; emptied first. Whoever cuts it later may do so while the program runs. */
  logFile: string
  /** Another user to run as; needs root. */
  runAs?: { uid: number; gid: number } | undefined
  /** What the operator can do where the program cannot be run. */
  hint: string
}

/** Returns once the program runs; it does not keep us alive. Throws where it cannot be run. */
export async function startDetached(program: string, args: string[], options: DetachedOptions): Promise<ChildProcess> {
  const log = await open(options.logFile, 'a', 0o600)
  try {
    await log.truncate(0)
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...options.runAs,
    })
    await new Promise<void>((settle, fail) => {
      child.once('spawn', settle)
      child.once('error', (error) => fail(new Error(`${program} cannot be run: ${error.message}. ${options.hint}`)))
    })
    child.unref()
    return child
  } finally {
    await log.close()
  }
}
