// What the installed QEMU is: its version and the machine types it can build.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface QemuVersion {
  text: string
  major: number
  minor: number
  micro: number
  /** Versioned machine types of the `pc` family, newest (the default) first. */
  machines: string[]
}

/** Throws where QEMU is absent, or older than 7.2, whose options this driver speaks. */
export async function askQemu(binary: string): Promise<QemuVersion> {
  const [version, machines] = await Promise.all([ask(binary, '--version'), ask(binary, '-machine', 'help')])
  const match = /version (\d+)\.(\d+)(?:\.(\d+))?/.exec(version)
  if (!match) throw new Error(`${binary} does not tell its version: ${version.slice(0, 100)}`)
  const [major, minor, micro] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (major < 7 || (major === 7 && minor < 2))
    throw new Error(`QEMU ${major}.${minor} is too old: 7.2 or newer is needed`)
  return { text: match[0].replace('version ', ''), major, minor, micro, machines: machineTypes(binary, machines) }
}

function machineTypes(binary: string, help: string): string[] {
  const types = [...help.matchAll(/^(pc-i440fx-(\d+)\.(\d+))\s/gm)]
    .sort((a, b) => Number(b[2]) - Number(a[2]) || Number(b[3]) - Number(a[3]))
    .map((match) => match[1]!)
  if (!types.length) throw new Error(`${binary} knows no machine of type pc: install qemu-system-x86`)
  return types
}

async function ask(binary: string, ...args: string[]): Promise<string> {
  try {
    return (await run(binary, args, { timeout: 20_000 })).stdout
  } catch (error) {
    throw new Error(
      `QEMU cannot be run (${(error as Error).message.trim()}): install qemu-system-x86 or set qemuBinary`,
    )
  }
}
