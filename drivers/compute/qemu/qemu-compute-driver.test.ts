// The QEMU driver against the contract, with a guest of one disk sector.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { computeDriverContract, type DriverUnderTest } from '../../../kernel/compute/driver.contract.ts'
import { QemuComputeDriver } from './qemu-compute-driver.ts'
import { tinyGuestGreeting, writeTinyGuestImage } from './testing/tiny-guest.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const missing = ['qemu-system-x86_64', 'qemu-img', 'genisoimage', 'prlimit'].find((tool) => !isInstalled(tool))

async function prepare(t: TestContext): Promise<DriverUnderTest | undefined> {
  if (missing) {
    t.skip(`needs ${missing}`)
    return undefined
  }
  const stateDir = await mkdtemp(join(tmpdir(), 'qemu-driver-'))
  const image = join(stateDir, 'image.raw')
  await writeTinyGuestImage(image)
  return {
    makeDriver: () =>
      new QemuComputeDriver({ stateDir, runtimeDir: join(stateDir, 'run'), accelerator: 'tcg', log: quiet }),
    guest: (id) => ({
      id,
      name: 'tiny',
      vcpus: 1,
      memoryMiB: 16,
      root: { base: { path: image, format: 'raw' }, sizeGiB: 0 },
      disks: [],
      nics: [],
    }),
    disk: async (id) => {
      const path = join(stateDir, `${id}.raw`)
      await writeFile(path, '')
      await truncate(path, 1024 * 1024)
      return { id, source: { kind: 'file', path, format: 'raw' } }
    },
    nic: (id) => ({ id, mac: '52:54:00:12:34:56', mtu: 1450, source: { kind: 'user' } }),
    greeting: tinyGuestGreeting,
    powerOffInside: async (driver, id) => {
      const console = await driver.openConsole(id, 'serial')
      console.on('error', () => undefined)
      console.write('q')
      console.resume()
    },
    kill: async (_driver, id) => {
      const pid = Number(await readFile(join(stateDir, 'guests', id, 'pid'), 'utf8'))
      process.kill(pid, 'SIGKILL')
    },
    remove: () => rm(stateDir, { recursive: true, force: true }),
  }
}

computeDriverContract('qemu', prepare)

function isInstalled(tool: string): boolean {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
