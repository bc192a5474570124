// Which of the distribution's packages the drivers need, which are missing, and how they are installed.
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

interface Needed {
  program: string
  /** Package of Debian 12 and Ubuntu 24.04 that has it. */
  package: string
}

/** By `slot/technology` as plans name them. */
const needs: Record<string, Needed[]> = {
  'compute/qemu': [
    { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
    { program: 'qemu-img', package: 'qemu-utils' },
    { program: 'genisoimage', package: 'genisoimage' },
    { program: 'prlimit', package: 'util-linux' },
  ],
  'volume/files': [
    { program: 'qemu-storage-daemon', package: 'qemu-system-common' },
    { program: 'qemu-img', package: 'qemu-utils' },
    { program: 'prlimit', package: 'util-linux' },
  ],
  'network/linux': [
    { program: 'ip', package: 'iproute2' },
    { program: 'bridge', package: 'iproute2' },
    { program: 'nft', package: 'nftables' },
  ],
}

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']

const isThere = (program: string) =>
  folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Packages that the drivers of a plan need and this machine lacks. */
export function missingPackages(drivers: Record<string, string>): string[] {
  const missing = Object.entries(drivers).flatMap(([slot, technology]) =>
    (needs[`${slot}/${technology}`] ?? []).filter(({ program }) => !isThere(program)),
  )
  return [...new Set(missing.map((needed) => needed.package))].sort()
}

export const installCommand = (packages: string[]) => `apt-get install -y --no-install-recommends ${packages.join(' ')}`

/**
 * Installs them; needs root on a Debian or Ubuntu system.
 * @throws with the last lines that apt-get wrote, and the command to run by hand.
 */
export async function installPackages(packages: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env, maxBuffer: 64 * 1024 * 1024 }
  try {
    await exec('apt-get', ['update', '-q'], options)
    await exec(
      'apt-get',
      ['-o', 'DPkg::Lock::Timeout=600', 'install', '-y', '-q', '--no-install-recommends', ...packages],
      options,
    )
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? cause)
      .trim()
      .split('\n')
      .slice(-5)
      .join('\n')
    throw new Error(`The packages could not be installed:\n${said}\nRun it by hand: ${installCommand(packages)}`, {
      cause,
    })
  }
}
