// Looks at the processes of this host, to find one again by what it was started with: a pid alone may be reused.
import { readdir, readFile } from 'node:fs/promises'

export interface RunningProcess {
  pid: number
  /** The program first. */
  args: string[]
}

/** What a process was started with; empty for one that is gone. */
export async function argumentsOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '') // Gone, or never was.
  return text === '' ? [] : text.replace(/\0$/, '').split('\0')
}

/** All processes that have arguments, one by one. */
export async function* runningProcesses(): AsyncGenerator<RunningProcess> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const args = await argumentsOf(Number(name))
    if (args.length > 0) yield { pid: Number(name), args }
  }
}
