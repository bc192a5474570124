// Every setting of the files volume driver: default, unit, meaning.
import { join, resolve } from 'node:path'
import type { DriverLog } from '../../qemu/driver-log.ts'
import type { QemuImg } from '../../qemu/qemu-img.ts'

export interface FilesVolumeOptions {
  /** Folder of the volumes; must survive a reboot and belongs to this driver alone. */
  dir: string
  /** Folder of the sockets. Its path has to be short: Linux allows 107 bytes for a whole socket path. */
  runtimeDir: string
  /** Format of new volumes; those that are there keep theirs. Default `qcow2`; with `raw`, snapshots are full copies. */
  format?: 'qcow2' | 'raw'
  /** Unprivileged user for the storage daemon and qemu-img; needs a driver that runs as root. */
  runAs?: { uid: number; gid: number }
  /** Group id that may use the NBD socket, for guests that run as another user. Default: the socket's owner only. */
  clientGroup?: number
  /** Address space of one qemu-img, MiB. Default 2048. */
  toolMemoryMiB?: number
  /** How long one copy of a volume or image may take, seconds. Default 3600. */
  copyWithinSeconds?: number
  /** How long a running daemon may take to greet before it counts as held by another process, ms. Default 5000. */
  greetWithinMs?: number
  /** How long the daemon may take for one command before it counts as stuck and is replaced, ms. Default 120000. */
  answerWithinMs?: number
  log: DriverLog
}

export type FilesVolumeSettings = Required<Omit<FilesVolumeOptions, 'runAs' | 'clientGroup'>> & {
  runAs: { uid: number; gid: number } | undefined
  clientGroup: number | undefined
  monitorSocket: string
  nbdSocket: string
  pidFile: string
  daemonLog: string
  qemuImg: QemuImg
}

/** Throws where the runtime folder is too deep for sockets. */
export function settle(options: FilesVolumeOptions): FilesVolumeSettings {
  const runtimeDir = resolve(options.runtimeDir)
  const monitorSocket = join(runtimeDir, 'monitor.sock')
  if (Buffer.byteLength(monitorSocket) > 107) {
    throw new Error(`${monitorSocket} is longer than the 107 bytes of a socket path. Choose a shorter runtimeDir.`)
  }
  const toolMemoryMiB = options.toolMemoryMiB ?? 2048
  const copyWithinSeconds = options.copyWithinSeconds ?? 3600
  return {
    format: options.format ?? 'qcow2',
    toolMemoryMiB,
    copyWithinSeconds,
    greetWithinMs: options.greetWithinMs ?? 5000,
    answerWithinMs: options.answerWithinMs ?? 120_000,
    log: options.log,
    runAs: options.runAs,
    clientGroup: options.clientGroup,
    dir: resolve(options.dir),
    runtimeDir,
    monitorSocket,
    nbdSocket: join(runtimeDir, 'nbd.sock'),
    pidFile: join(runtimeDir, 'daemon.pid'),
    daemonLog: join(runtimeDir, 'daemon.log'),
    qemuImg: {
      binary: 'qemu-img',
      memoryMiB: toolMemoryMiB,
      cpuSeconds: copyWithinSeconds,
      withinSeconds: copyWithinSeconds,
      runAs: options.runAs,
    },
  }
}
