// A PostgreSQL server for the length of a test run, on loopback, in a folder of its own.
import { execFile } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const versions = '/usr/lib/postgresql'

/** Undefined where PostgreSQL is not installed. */
export async function startTestPostgres(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const bin = newestBin()
  if (!bin) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'cloudos-pg-'))
  const user = serverUser()
  if (user) chownSync(folder, user.uid, user.gid)
  const options = { cwd: folder, env: { ...process.env, LC_ALL: 'C.UTF-8' }, ...user }
  const data = join(folder, 'data')
  const port = await freePort()
  await exec(
    join(bin, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    options,
  )
  const server = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c max_connections=200 -c fsync=off`
  await exec(join(bin, 'pg_ctl'), ['-D', data, '-o', server, '-l', join(folder, 'log'), '-w', 'start'], options)
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await exec(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', '-w', 'stop'], options)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function newestBin(): string | undefined {
  try {
    const newest = readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0]
    return newest && join(versions, newest, 'bin')
  } catch {
    return undefined
  }
}

/** PostgreSQL refuses to run as root; its package brings a user. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, , uid, gid] = /^postgres:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
