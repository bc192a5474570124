// Names for files that are still being written, which tell whether their writer can still finish them.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

const pattern = /^\.partial-(\d+)-(\d+)-/

/** A pid alone would not do: after a reboot somebody else has it. */
export function partialName(): string {
  return `.partial-${process.pid}-${startTicks(readFileSync('/proc/self/stat', 'utf8'))}-${randomUUID()}`
}

export function isPartial(name: string): boolean {
  return name.startsWith('.partial-')
}

/** True while the process that writes this file runs, in which case it must be left alone. */
export async function isPartialOfLivingProcess(name: string): Promise<boolean> {
  const match = pattern.exec(name)
  if (!match) return false
  const stat = await readFile(`/proc/${match[1]}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && startTicks(stat) === match[2]
}

/** Field 22 of proc(5) stat, counted after the command's closing bracket, for a command may hold spaces. */
function startTicks(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
}
