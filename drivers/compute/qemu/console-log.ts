// The serial console's log. QEMU appends to it for ever; here it is read from its end and kept from filling the disk.
import { open, rename, stat, truncate, writeFile } from 'node:fs/promises'
import type { GuestFolder } from './guest-folder.ts'

/** The last `lines` lines of what is kept. */
export async function readConsoleLog(folder: GuestFolder, keptKiB: number, lines?: number): Promise<string> {
  const current = await readTail(folder.consoleLog, keptKiB * 2048)
  const missing = keptKiB * 1024 - current.length
  const older = missing > 0 ? await readTail(folder.olderConsoleLog, missing) : Buffer.alloc(0)
  const text = Buffer.concat([older, current]).toString('utf8')
  return lines === undefined ? text : lastLines(text, lines)
}

/** A last line that has no end yet counts as a line. */
function lastLines(text: string, lines: number): string {
  const all = text.split('\n')
  const isEnded = all.at(-1) === ''
  return lines <= 0 ? '' : all.slice(-lines - (isEnded ? 1 : 0)).join('\n')
}

/**
 * Cuts a log that outgrew twice `keptKiB`. QEMU writes with O_APPEND, so it simply goes on after the cut; what it
 * wrote between the copy and the cut is lost, which at a serial line's speed is a few characters.
 */
export async function trimConsoleLog(folder: GuestFolder, keptKiB: number): Promise<void> {
  const { size } = await stat(folder.consoleLog).catch(() => ({ size: 0 }))
  if (size > keptKiB * 2048) {
    const draft = `${folder.olderConsoleLog}.new`
    await writeFile(draft, await readTail(folder.consoleLog, keptKiB * 1024), { mode: 0o600 })
    await rename(draft, folder.olderConsoleLog)
    await truncate(folder.consoleLog, 0)
  }
  const words = await stat(folder.qemuLog).catch(() => ({ size: 0 }))
  if (words.size > keptKiB * 2048) await truncate(folder.qemuLog, 0)
}

async function readTail(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!file) return Buffer.alloc(0)
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, bytes))
    const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length)
    return tail.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
