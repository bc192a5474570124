// Which volumes the daemon has open and serves; keeps that as it should be when the daemon dies and comes back.
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Lanes } from '../../../eden/lane.ts'
import type { QmpClient, QmpEvent } from '../../qemu/qmp-client.ts'
import type { Connection } from './connections.ts'
import { endDaemon, findDaemonPid, reachDaemon } from './daemon-process.ts'
import type { VolumeFile } from './layout.ts'
import type { FilesVolumeSettings } from './options.ts'

const retryAtMostMs = 10_000

/** What should be served; asked again whenever a daemon is new. */
export type Wanted = () => { connection: Connection; file: VolumeFile }[]

export class Serving {
  readonly #settings: FilesVolumeSettings
  readonly #wanted: Wanted
  readonly #lanes = new Lanes()
  /** How many need a volume open, by volume id; starts anew with every daemon. */
  #users = new Map<string, number>()
  #daemon: Promise<QmpClient> | undefined
  #isOpen = false
  /** The last daemon took a command and never answered, so the next step is to end it. */
  #isStuck = false
  #closing = new AbortController()

  constructor(settings: FilesVolumeSettings, wanted: Wanted) {
    this.#settings = settings
    this.#wanted = wanted
  }

  async open(): Promise<void> {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#closing = new AbortController()
    try {
      this.#daemon = this.#reach()
      await this.#daemon
    } catch (error) {
      this.#isOpen = false
      throw error
    }
  }

  /** Lets go; the daemon goes on serving. One that serves nobody is ended. */
  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#closing.abort(new Error('The files volume driver was closed.'))
    // Where the daemon died and did not come back there is nothing to let go of.
    const daemon = await this.#daemon?.catch(() => undefined)
    daemon?.close()
    if (this.#wanted().length > 0) return
    const pid = await findDaemonPid(this.#settings)
    if (pid !== undefined) await endDaemon(this.#settings, pid)
  }

  /** Serves a volume under the attachment's name; nothing happens where it is served so already. */
  async serve(file: VolumeFile, connection: Connection): Promise<void> {
    await this.#lanes.run(file.id, async () => {
      const daemon = await this.#get()
      const served = await this.#exports(daemon)
      if (served.includes(exportId(connection.attachmentId))) return
      await this.#use(daemon, file)
      try {
        await this.#export(daemon, file.id, connection)
      } catch (error) {
        await this.#leave(daemon, file.id)
        throw error
      }
    })
  }

  async unserve(volumeId: string, attachmentId: string): Promise<void> {
    await this.#lanes.run(volumeId, async () => {
      const daemon = await this.#get()
      if (!(await this.#exports(daemon)).includes(exportId(attachmentId))) return
      await this.#unexport(daemon, attachmentId)
      await this.#leave(daemon, volumeId)
    })
  }

  /** Takes a snapshot inside the qcow2 at one instant; writes of guests go on after it. */
  async snapshot(file: VolumeFile, name: string): Promise<void> {
    const args = { device: topNode(file.id), name }
    await this.#whileOpen(file, (daemon) => daemon.execute('blockdev-snapshot-internal-sync', args))
  }

  async removeSnapshot(file: VolumeFile, name: string): Promise<void> {
    const args = { device: topNode(file.id), name }
    await this.#whileOpen(file, (daemon) => daemon.execute('blockdev-snapshot-delete-internal-sync', args))
  }

  /**
   * An export refuses a new size, so the exports go for a moment and come back: clients reconnect, and then see the
   * new size.
   */
  async resize(file: VolumeFile, sizeBytes: number): Promise<void> {
    await this.#lanes.run(file.id, async () => {
      const daemon = await this.#get()
      const served = await this.#exports(daemon)
      const connections = this.#wanted()
        .map(({ connection }) => connection)
        .filter((entry) => entry.volumeId === file.id && served.includes(exportId(entry.attachmentId)))
      await this.#use(daemon, file)
      try {
        for (const connection of connections) await this.#unexport(daemon, connection.attachmentId)
        await daemon.execute('block_resize', { 'node-name': topNode(file.id), size: sizeBytes })
      } finally {
        for (const connection of connections) await this.#export(daemon, file.id, connection)
        await this.#leave(daemon, file.id)
      }
    })
  }

  /** Copies a volume as it is at this instant into `target`, an empty qcow2 of the same size. */
  async copyNow(file: VolumeFile, target: string): Promise<void> {
    const name = `copy-${randomUUID().slice(0, 13)}`
    await this.#whileOpen(file, async (daemon) => {
      await daemon.execute('blockdev-add', nodeOf(name, target, 'qcow2'))
      try {
        await runBackup(daemon, { 'job-id': name, device: diskNode(file.id), target: name, sync: 'full' })
      } finally {
        if (!daemon.isClosed) await daemon.execute('blockdev-del', { 'node-name': name })
      }
    })
  }

  async #whileOpen(file: VolumeFile, task: (daemon: QmpClient) => Promise<unknown>): Promise<void> {
    const daemon = await this.#lanes.run(file.id, async () => {
      const current = await this.#get()
      await this.#use(current, file)
      return current
    })
    try {
      await task(daemon)
    } finally {
      await this.#lanes.run(file.id, () => this.#leave(daemon, file.id))
    }
  }

  async #use(daemon: QmpClient, file: VolumeFile): Promise<void> {
    const users = this.#users.get(file.id) ?? 0
    if (users === 0) {
      const top = { driver: 'raw', 'node-name': topNode(file.id), file: diskNode(file.id), discard: 'unmap' }
      await daemon.execute('blockdev-add', nodeOf(diskNode(file.id), file.path, file.format))
      await daemon.execute('blockdev-add', top)
    }
    this.#users.set(file.id, users + 1)
  }

  async #leave(daemon: QmpClient, volumeId: string): Promise<void> {
    // What a dead daemon had open is closed, and the next one counts from the start.
    if (daemon.isClosed) return
    const users = (this.#users.get(volumeId) ?? 0) - 1
    if (users > 0) return void this.#users.set(volumeId, users)
    this.#users.delete(volumeId)
    await daemon.execute('blockdev-del', { 'node-name': topNode(volumeId) })
    await daemon.execute('blockdev-del', { 'node-name': diskNode(volumeId) })
  }

  async #exports(daemon: QmpClient): Promise<string[]> {
    return ((await daemon.execute('query-block-exports')) as { id: string }[]).map((entry) => entry.id)
  }

  async #export(daemon: QmpClient, volumeId: string, connection: Connection): Promise<void> {
    const { attachmentId, readOnly } = connection
    const id = exportId(attachmentId)
    const node = { 'node-name': topNode(volumeId), name: attachmentId, writable: !readOnly }
    await daemon.execute('block-export-add', { type: 'nbd', id, ...node })
  }

  async #unexport(daemon: QmpClient, attachmentId: string): Promise<void> {
    const id = exportId(attachmentId)
    const gone = daemon.waitFor(({ event, data }) => event === 'BLOCK_EXPORT_DELETED' && data.id === id)
    await Promise.all([daemon.execute('block-export-del', { id, mode: 'hard' }), gone])
  }

  #get(): Promise<QmpClient> {
    if (!this.#daemon || !this.#isOpen) throw new Error('The files volume driver is not open.')
    return this.#daemon
  }

  async #reach(): Promise<QmpClient> {
    const daemon = await reachDaemon(this.#settings, this.#isStuck)
    this.#isStuck = false
    try {
      await this.#arrange(daemon)
    } catch (error) {
      this.#isStuck = daemon.isStuck
      daemon.close()
      throw error
    }
    daemon.onClose(() => {
      if (!this.#isOpen) return
      this.#isStuck = daemon.isStuck
      this.#settings.log.warn(
        { socket: this.#settings.nbdSocket },
        'the storage daemon ended or is stuck; starting it again',
      )
      this.#daemon = this.#reachAtLast()
      // Whoever needs the daemon meanwhile gets the error; there may be nobody.
      this.#daemon.catch(() => undefined)
    })
    return daemon
  }

  async #reachAtLast(): Promise<QmpClient> {
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, retryAtMostMs)) {
      this.#closing.signal.throwIfAborted()
      try {
        return await this.#reach()
      } catch (error) {
        this.#settings.log.error({ error: String(error), retryInMs: pauseMs }, 'the storage daemon cannot be started')
        await wait(pauseMs, undefined, { signal: this.#closing.signal })
      }
    }
  }

  /** Makes a daemon, new or found, serve exactly what is wanted and hold nothing else open. */
  async #arrange(daemon: QmpClient): Promise<void> {
    this.#users = new Map()
    await endJobs(daemon)
    const wanted = this.#wanted()
    const served = new Set(await this.#exports(daemon))
    for (const { connection } of wanted) served.delete(exportId(connection.attachmentId))
    for (const id of served) await this.#unexport(daemon, id.slice(exportId('').length))
    const nodes = (await daemon.execute('query-named-block-nodes', { flat: true })) as { 'node-name': string }[]
    const names = nodes.map((node) => node['node-name'])
    const open = new Set(names.filter((name) => name.startsWith('top-')))
    const kept = new Set(
      wanted.flatMap(({ file }) => (open.has(topNode(file.id)) ? [topNode(file.id), diskNode(file.id)] : [])),
    )
    // The upper ones first, for they hold the lower ones.
    for (const kind of ['top-', 'disk-', 'copy-']) {
      const idle = names.filter((name) => name.startsWith(kind) && !kept.has(name))
      for (const name of idle) await daemon.execute('blockdev-del', { 'node-name': name })
    }
    const stillServed = new Set(await this.#exports(daemon))
    for (const { connection, file } of wanted) {
      try {
        if (open.has(topNode(file.id))) this.#users.set(file.id, (this.#users.get(file.id) ?? 0) + 1)
        else await this.#use(daemon, file)
        if (!stillServed.has(exportId(connection.attachmentId))) await this.#export(daemon, file.id, connection)
      } catch (error) {
        // One damaged volume must not keep the others from their guests; connect tries it again.
        if (daemon.isClosed) throw error
        this.#settings.log.error({ error: String(error), ...connection }, 'a connected volume cannot be served')
      }
    }
  }
}

/**
 * A volume is two nodes: its file, and a plain one on top that is served. While a volume is copied QEMU puts a filter
 * between them; on the lower node alone it would then refuse new exports.
 */
function diskNode(volumeId: string): string {
  return `disk-${shortName(volumeId)}`
}

function topNode(volumeId: string): string {
  return `top-${shortName(volumeId)}`
}

/** Node names have at most 31 characters, so a UUID goes in as its 22 characters of base64. */
function shortName(volumeId: string): string {
  return Buffer.from(volumeId.replaceAll('-', ''), 'hex').toString('base64url')
}

function exportId(attachmentId: string): string {
  return `x-${attachmentId}`
}

function nodeOf(name: string, path: string, format: 'qcow2' | 'raw'): object {
  return {
    driver: format,
    'node-name': name,
    discard: 'unmap',
    file: { driver: 'file', filename: path, discard: 'unmap' },
  }
}

async function runBackup(daemon: QmpClient, job: { 'job-id': string; [key: string]: unknown }): Promise<void> {
  const id = job['job-id']
  const concluded = daemon.waitFor(
    ({ event, data }) => event === 'JOB_STATUS_CHANGE' && data.id === id && data.status === 'concluded',
  )
  // Awaited only below; a daemon that ends before must not raise an unhandled rejection.
  concluded.catch(() => {})
  await daemon.execute('blockdev-backup', { ...job, 'auto-dismiss': false })
  await concluded
  const jobs = (await daemon.execute('query-jobs')) as { id: string; error?: string }[]
  await daemon.execute('job-dismiss', { id })
  const error = jobs.find((entry) => entry.id === id)?.error
  if (error) throw new Error(`Copying the volume failed: ${error}. Is the disk full?`)
}

/** Ends the copies that an earlier process of ours began and nobody waits for. */
async function endJobs(daemon: QmpClient): Promise<void> {
  const jobs = (await daemon.execute('query-jobs')) as { id: string; status: string }[]
  for (const { id, status } of jobs) {
    if (status !== 'concluded') {
      const isIt = ({ event, data }: QmpEvent) =>
        event === 'JOB_STATUS_CHANGE' && data.id === id && data.status === 'concluded'
      await Promise.all([daemon.waitFor(isIt), daemon.execute('job-cancel', { id })])
    }
    await daemon.execute('job-dismiss', { id })
  }
}
