// Keeps image bytes as ordinary files, so that a host can hand one to QEMU without copying it.
import { constants, existsSync } from 'node:fs'
import { access, type FileHandle, link, mkdir, open, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { syncPath } from '../../../eden/files/durable.ts'
import { openedStream } from '../../../eden/files/reading.ts'
import type { ImageStore } from '../../../kernel/image/driver.ts'
import { isPartial, isPartialOfLivingProcess, partialName } from './partial.ts'

export interface FilesImageStoreOptions {
  /** The folder that holds the images; belongs to one host. Made where it is missing. */
  dir: string
}

/** Also the guard against path tricks: no dots, no slashes. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9-]{3,127}$/

/** Images at `dir/ab/cd/<id>`, read-only, named only once they are whole and on stable storage. */
export class FilesImageStore implements ImageStore {
  readonly name = 'files'
  readonly #dir: string

  constructor(options: FilesImageStoreOptions) {
    this.#dir = options.dir
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o711 })
    await access(this.#dir, constants.R_OK | constants.W_OK).catch((cause) => {
      throw new Error(`The image store cannot write to ${this.#dir}. Give its user that folder.`, { cause })
    })
    for (const file of await this.#files()) {
      if (!isPartial(file.name) || (await isPartialOfLivingProcess(file.name))) continue
      await rm(join(file.folder, file.name), { force: true })
    }
  }

  async close(): Promise<void> {}

  /** Throws where the id is taken; then, and on every other failure, nothing of these bytes remains. */
  async put(id: string, bytes: Readable): Promise<{ sizeBytes: number }> {
    const path = this.#path(id)
    const folder = dirname(path)
    const partial = join(folder, partialName())
    await this.#makeFolder(folder)
    let handle: FileHandle | undefined
    try {
      handle = await open(partial, 'wx', 0o600)
      let sizeBytes = 0
      for await (const chunk of bytes) {
        await handle.writeFile(chunk)
        sizeBytes += chunk.length
      }
      await handle.chmod(0o444)
      await handle.sync()
      // A link, not a rename: a rename would silently replace what is there.
      await link(partial, path)
      await rm(partial)
      await syncPath(folder) // A new name is only durable once its folder is.
      return { sizeBytes }
    } catch (cause) {
      bytes.destroy()
      await rm(partial, { force: true })
      throw putError(cause, id, this.#dir)
    } finally {
      await handle?.close()
    }
  }

  async get(id: string, range?: { start: number; end: number }): Promise<Readable> {
    return openedStream(this.#path(id), { ...range, highWaterMark: 512 * 1024 }).catch(
      (cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') throw new Error(`Image ${id} is not in the store at ${this.#dir}.`, { cause })
        throw cause
      },
    )
  }

  localPath(id: string): string | undefined {
    // Asked of the disk each time, for another process may have put or removed it.
    const path = this.#path(id)
    return existsSync(path) ? path : undefined
  }

  async remove(id: string): Promise<void> {
    const path = this.#path(id)
    try {
      await rm(path)
      await syncPath(dirname(path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }

  async list(): Promise<string[]> {
    const files = await this.#files()
    return files
      .map((file) => file.name)
      .filter((name) => !isPartial(name))
      .sort()
  }

  #path(id: string): string {
    if (!idPattern.test(id)) throw new Error(`"${id}" is no image id: letters, digits and dashes only, 4 to 128.`)
    return join(this.#dir, id.slice(0, 2), id.slice(2, 4), id)
  }

  async #makeFolder(folder: string): Promise<void> {
    if ((await mkdir(folder, { recursive: true, mode: 0o711 })) === undefined) return
    await syncPath(dirname(folder))
    await syncPath(this.#dir)
  }

  async #files(): Promise<{ folder: string; name: string }[]> {
    const found: { folder: string; name: string }[] = []
    for (const first of await folders(this.#dir)) {
      for (const second of await folders(first)) {
        for (const name of await readdir(second)) found.push({ folder: second, name })
      }
    }
    return found
  }
}

async function folders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(dir, entry.name))
}

function putError(cause: unknown, id: string, dir: string): unknown {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'EEXIST') return new Error(`Image ${id} is in the store already; images are never replaced.`, { cause })
  if (code === 'ENOSPC') return new Error(`The disk under ${dir} is full. Free space or remove images.`, { cause })
  return cause
}
