// Images that guests of this host are based on. A file is here whole or not at all.
import { createWriteStream } from 'node:fs'
import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { RootImage } from './operations.ts'

const idForm = /^[0-9a-zA-Z-]{1,64}$/

export class ImageCache {
  readonly #dir: string
  readonly #underWay = new Map<string, Promise<void>>()
  #partCount = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Removes what an interrupted transfer left. */
  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o711 })
    for (const name of await readdir(this.#dir))
      if (name.includes('.part')) await rm(join(this.#dir, name), { force: true })
  }

  pathOf(id: string): string {
    if (!idForm.test(id)) throw new Error(`'${id}' is no image id`)
    return join(this.#dir, id)
  }

  async has({ imageId, sizeBytes }: Pick<RootImage, 'imageId' | 'sizeBytes'>): Promise<boolean> {
    return (await sizeOf(this.pathOf(imageId))) === sizeBytes
  }

  /** The local file of the image: from the cache, or linked from the store's own file. Undefined where neither can be. */
  async ready(root: RootImage): Promise<string | undefined> {
    const path = this.pathOf(root.imageId)
    if (await this.has(root)) return path
    if (root.path === null || (await sizeOf(root.path)) !== root.sizeBytes) return undefined
    await this.#once(root.imageId, (part) => linkOrCopy(root.path!, part))
    return path
  }

  /** @throws where the bytes are not as many as were announced. */
  async receive(imageId: string, sizeBytes: number, bytes: Readable): Promise<void> {
    await this.#once(imageId, async (part) => {
      await pipeline(bytes, createWriteStream(part, { flags: 'wx', mode: 0o644, flush: true }))
      const got = await sizeOf(part)
      if (got !== sizeBytes) throw new Error(`${got} bytes arrived of ${sizeBytes}`)
    })
    bytes.resume()
  }

  /** Removes every image that is in nobody's use. */
  async keepOnly(ids: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = []
    for (const name of await readdir(this.#dir)) {
      if (name.includes('.part') || ids.has(name) || this.#underWay.has(name)) continue
      await rm(join(this.#dir, name), { force: true })
      removed.push(name)
    }
    return removed
  }

  async #once(id: string, fill: (part: string) => Promise<void>): Promise<void> {
    let working = this.#underWay.get(id)
    if (!working) {
      working = this.#fill(id, fill).finally(() => this.#underWay.delete(id))
      this.#underWay.set(id, working)
    }
    return working
  }

  async #fill(id: string, fill: (part: string) => Promise<void>): Promise<void> {
    const part = `${this.pathOf(id)}.part${++this.#partCount}`
    try {
      await rm(part, { force: true })
      await fill(part)
      await rename(part, this.pathOf(id))
    } finally {
      await rm(part, { force: true })
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}

/** Links cost nothing, but cannot cross file systems. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    await copyFile(from, to)
  }
}
