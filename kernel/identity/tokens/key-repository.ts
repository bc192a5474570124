// Keys that rotate: a folder of numbered files as Fernet repositories have them. 0 is the next key, the highest is in use.
import { hkdfSync, randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const keyBytes = 32

export interface Key {
  number: number
  /** Derived from the file's bytes for one purpose, so that the same file never serves two. */
  secret: Buffer
}

/** Where the key files are; memory where a cloud lasts no longer than its process. */
interface Folder {
  read(): Map<number, Buffer>
  write(number: number, bytes: Buffer): void
  /** The key gets another number, and is as old as `atMs`. */
  promote(from: number, to: number, atMs: number): void
  /** When the key was made or promoted, in milliseconds since 1970. */
  sinceMs(number: number): number
  remove(number: number): void
  /** Differs when the folder has changed. */
  stamp(): string
}

export class KeyRepository {
  readonly #folder: Folder
  readonly #purpose: string
  #keys: Key[] = []
  #stamp = ''

  /**
   * Makes the first keys where there are none.
   * @param path of the folder, readable by its owner alone; in memory where it is absent.
   * @throws where a key file does not hold 32 bytes in base64.
   */
  constructor(path: string | undefined, purpose: string) {
    this.#folder = path === undefined ? memory() : files(path)
    this.#purpose = purpose
    if (this.#folder.read().size === 0) {
      this.#folder.write(1, randomBytes(keyBytes))
      this.#folder.write(0, randomBytes(keyBytes))
    }
    this.#load()
  }

  /** The key that encrypts. */
  get primary(): Key {
    return this.#keys[0]!
  }

  /** All keys that decrypt, the primary first. */
  get all(): readonly Key[] {
    return this.#keys
  }

  /** Reads the folder again where another process has rotated it; true when the keys changed. */
  refresh(): boolean {
    if (this.#folder.stamp() === this.#stamp) return false
    this.#load()
    return true
  }

  /** For how long the primary key has been in use, in milliseconds. */
  primaryAgeMs(nowMs: number): number {
    return nowMs - this.#folder.sinceMs(this.primary.number)
  }

  /** The next key becomes primary, a new next key is made, and all but `keep` keys go. Repeatable after a crash at any point. */
  rotate(keep: number, nowMs: number): void {
    this.#load()
    const next = Math.max(0, ...this.#keys.map(({ number }) => number)) + 1
    if (this.#folder.read().has(0)) this.#folder.promote(0, next, nowMs)
    this.#folder.write(0, randomBytes(keyBytes))
    const numbers = [...this.#folder.read().keys()].filter((number) => number > 0).sort((a, b) => b - a)
    for (const number of numbers.slice(keep)) this.#folder.remove(number)
    this.#load()
  }

  #load() {
    const stamp = this.#folder.stamp()
    const found = [...this.#folder.read()].sort(([a], [b]) => b - a)
    // The next key comes last: another controller may use it already.
    this.#keys = found.map(([number, bytes]) => ({
      number,
      secret: Buffer.from(hkdfSync('sha256', bytes, '', `cloudos ${this.#purpose}`, keyBytes)),
    }))
    this.#stamp = stamp
  }
}

function files(path: string): Folder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
  const file = (number: number) => join(path, String(number))
  const numbers = () => readdirSync(path).filter((name) => /^\d+$/.test(name))
  return {
    read: () =>
      new Map(
        numbers().map((name) => {
          const bytes = Buffer.from(readFileSync(join(path, name), 'utf8').trim(), 'base64url')
          if (bytes.length !== keyBytes)
            throw new Error(`The token key ${join(path, name)} is damaged: restore it from a backup, or remove it.`)
          return [Number(name), bytes] as const
        }),
      ),
    write(number, bytes) {
      const fresh = join(path, `.${number}.new`)
      writeFileSync(fresh, bytes.toString('base64url'), { mode: 0o600 })
      renameSync(fresh, file(number))
    },
    promote(from, to, atMs) {
      utimesSync(file(from), atMs / 1000, atMs / 1000)
      renameSync(file(from), file(to))
    },
    sinceMs: (number) => statSync(file(number)).mtimeMs,
    remove: (number) => rmSync(file(number), { force: true }),
    stamp: () => `${statSync(path).mtimeMs} ${numbers().join()}`,
  }
}

function memory(): Folder {
  const madeAtMs = Date.now()
  const keys = new Map<number, Buffer>()
  const since = new Map<number, number>()
  let changes = 0
  return {
    read: () => new Map(keys),
    write(number, bytes) {
      changes++
      keys.set(number, bytes)
    },
    promote(from, to, atMs) {
      changes++
      keys.set(to, keys.get(from)!)
      keys.delete(from)
      since.set(to, atMs)
    },
    sinceMs: (number) => since.get(number) ?? madeAtMs,
    remove(number) {
      changes++
      keys.delete(number)
    },
    stamp: () => String(changes),
  }
}
