// The unprivileged user under which guests run, and its access to the devices that they need.
import { execFile } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const name = 'cloudos'
const devices = ['/dev/net/tun', '/dev/kvm']

interface Changed {
  madeUser: boolean
  /** How each device was before. */
  devices: Record<string, { uid: number; gid: number; mode: number }>
}

const noteFile = (stateDir: string) => join(stateDir, 'host-changes.json')

const changesOf = (stateDir: string): Changed =>
  existsSync(noteFile(stateDir))
    ? (JSON.parse(readFileSync(noteFile(stateDir), 'utf8')) as Changed)
    : { madeUser: false, devices: {} }

function find(): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
}

/** Makes the user where it is missing and lets its group use the devices; what was changed is noted first. Needs root. */
export async function prepareGuestUser(stateDir: string): Promise<{ uid: number; gid: number }> {
  const changed = changesOf(stateDir)
  const note = () => writeFileSync(noteFile(stateDir), JSON.stringify(changed))
  let user = find()
  if (!user) {
    changed.madeUser = true
    note()
    await exec('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', '--user-group', name])
    user = find()!
  }
  for (const device of devices) {
    if (!existsSync(device)) continue
    const { uid, gid, mode } = statSync(device)
    const isOpen = (mode & 0o006) === 0o006 || (gid === user.gid && (mode & 0o060) === 0o060)
    if (isOpen) continue
    changed.devices[device] ??= { uid, gid, mode: mode & 0o777 }
    note()
    chownSync(device, uid, user.gid)
    chmodSync(device, (mode & 0o777) | 0o060)
  }
  return user
}

/**
 * Puts back what `prepareGuestUser` changed. False where a guest or disk server of another cloud on this machine runs
 * under the user: then user and devices stay as they are.
 */
export async function removeGuestUser(stateDir: string): Promise<boolean> {
  const changed = changesOf(stateDir)
  const user = find()
  if (user && isInUse(user.uid)) return false
  for (const [device, { uid, gid, mode }] of Object.entries(changed.devices)) {
    if (!existsSync(device)) continue
    chownSync(device, uid, gid)
    chmodSync(device, mode)
  }
  if (changed.madeUser && find()) await exec('userdel', [name])
  rmSync(noteFile(stateDir), { force: true })
  return true
}

function isInUse(uid: number): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return statSync(`/proc/${pid}`).uid === uid
      } catch {
        // It ended meanwhile.
        return false
      }
    })
}
