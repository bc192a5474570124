// A point-in-time copy of a root disk as one self-contained file, streamed to whoever asked and kept nowhere.
import { rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { openedStream } from '../../../eden/files/reading.ts'
import type { RootDisk } from '../../../kernel/compute/driver.ts'
import { readQcow2 } from '../../qemu/qcow2-header.ts'
import { createDisk, qemuImg } from '../../qemu/qemu-img.ts'
import type { QmpClient } from '../../qemu/qmp-client.ts'
import { rootChain } from './devices.ts'
import type { GuestFolder } from './guest-folder.ts'
import { type QemuSettings, qemuImgOf } from './options.ts'
import { makeFileForGuest } from './root-disk.ts'

type Format = 'qcow2' | 'raw'
export interface Snapshot {
  sizeBytes: number
  stream: Readable
}

const job = 'snapshot'
const targetNode = 'snapshot-target'

/** Name of the file that a copy goes to; what a crash leaves of it is removed when the driver opens. */
export const snapshotFile = (folder: GuestFolder) => join(folder.path, 'snapshot-draft')

/** While QEMU runs, in QEMU itself: the guest goes on, and what it writes meanwhile is not in the copy. */
export async function copyLive(
  settings: QemuSettings,
  folder: GuestFolder,
  qmp: QmpClient,
  format: Format,
  signal: AbortSignal,
): Promise<Snapshot> {
  const path = snapshotFile(folder)
  const file = { driver: 'file', filename: path, discard: 'unmap' }
  await makeFileForGuest(settings, path)
  try {
    await makeTarget(settings, path, format, (await readQcow2(folder.rootDisk)).sizeBytes)
    await qmp.execute('blockdev-add', {
      driver: format,
      'node-name': targetNode,
      discard: 'unmap',
      'detect-zeroes': 'unmap',
      file,
    })
    try {
      await backup(qmp, signal)
    } finally {
      if (!qmp.isClosed) await qmp.execute('blockdev-del', { 'node-name': targetNode })
    }
    return await handOver(path)
  } finally {
    await rm(path, { force: true })
  }
}

/** Ends a copy whose reader died with the driver that began it. */
export async function dropAbandonedCopy(qmp: QmpClient): Promise<void> {
  const jobs = (await qmp.execute('query-block-jobs')) as { device: string }[]
  if (jobs.some(({ device }) => device === job)) {
    const ended = qmp.waitFor(({ event, data }) => event.startsWith('BLOCK_JOB_C') && data.device === job)
    await Promise.all([ended, qmp.execute('block-job-cancel', { device: job, force: true })])
  }
  const nodes = (await qmp.execute('query-named-block-nodes', { flat: true })) as { 'node-name': string }[]
  if (nodes.some((node) => node['node-name'] === targetNode))
    await qmp.execute('blockdev-del', { 'node-name': targetNode })
}

/** While QEMU does not run. */
export async function copyAtRest(
  settings: QemuSettings,
  folder: GuestFolder,
  base: RootDisk['base'],
  format: Format,
  signal: AbortSignal,
): Promise<Snapshot> {
  const path = snapshotFile(folder)
  const source = `json:${JSON.stringify(rootChain(folder.rootDisk, base))}`
  await makeFileForGuest(settings, path)
  try {
    const args = ['convert', '-q', '-O', format, source, path]
    await qemuImg({ ...qemuImgOf(settings, settings.limits.copyCpuSeconds), signal }, args)
    return await handOver(path)
  } finally {
    await rm(path, { force: true })
  }
}

async function makeTarget(settings: QemuSettings, path: string, format: Format, sizeBytes: number): Promise<void> {
  if (format === 'raw') return truncate(path, sizeBytes)
  await createDisk(qemuImgOf(settings), path, 'qcow2', sizeBytes)
}

async function backup(qmp: QmpClient, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const ended = qmp.waitFor(
    ({ event, data }) => (event === 'BLOCK_JOB_COMPLETED' || event === 'BLOCK_JOB_CANCELLED') && data.device === job,
  )
  const cancel = () => {
    qmp.execute('block-job-cancel', { device: job, force: true }).catch(() => undefined) // It may just have ended.
  }
  signal.addEventListener('abort', cancel)
  try {
    // Both are awaited, for the job may end before the command's answer is read.
    const started = qmp.execute('blockdev-backup', { 'job-id': job, device: 'root', target: targetNode, sync: 'full' })
    const result = await Promise.race([ended, started.then(() => ended)])
    if (result?.event === 'BLOCK_JOB_CANCELLED') throw signal.reason ?? new Error('the snapshot was cancelled')
    if (result?.data.error) throw new Error(`the snapshot failed: ${result.data.error}`)
  } finally {
    signal.removeEventListener('abort', cancel)
    ended.catch(() => undefined) // Where the start was refused, the later end of QEMU is no news here.
  }
}

/** The open file goes to the reader, the name goes away: nothing to clean up later. */
async function handOver(path: string): Promise<Snapshot> {
  const { size } = await stat(path)
  const stream = await openedStream(path, { highWaterMark: 1024 * 1024 })
  await rm(path)
  return { sizeBytes: size, stream }
}
