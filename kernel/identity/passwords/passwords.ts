// Hashes passwords off the main thread, and checks them in the same time whether the user exists or not.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { Recent } from '../tokens/recent.ts'

const saltBytes = 16
const hashBytes = 32
const blockSize = 8
/** Hashing takes memory and a thread for tens of milliseconds; more at once would starve the files' threads. */
const atOnce = 2

export class Passwords {
  readonly #cost: number
  /** A user's right password, once checked, is known again by a keyed digest in memory. */
  readonly #known = new Recent<Buffer>(10_000)
  readonly #knownKey = randomBytes(32)
  #nobody: Promise<string> | undefined
  #free = atOnce
  readonly #waiting: (() => void)[] = []

  /** @param cost scrypt's N as a power of two. */
  constructor(cost: number) {
    this.#cost = cost
  }

  /** A hash in the PHC string format. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes)
    const hash = await this.#scrypt(password, salt, this.#cost)
    return `$scrypt$ln=${this.#cost},r=${blockSize},p=1$${unpadded(salt)}$${unpadded(hash)}`
  }

  /** Is it the password? Without a hash (no such user, no password) the answer is no, after the same work. */
  async verify(hash: string | null | undefined, password: string): Promise<boolean> {
    if (!hash) {
      this.#nobody ??= this.hash(randomBytes(16).toString('hex'))
      await this.#matches(await this.#nobody, password)
      return false
    }
    if (this.isKnown(hash, password)) return true
    if (!(await this.#matches(hash, password))) return false
    this.#known.set(hash, this.#digest(hash, password))
    return true
  }

  /** Was this very password found right before? Tells in microseconds; false says nothing. */
  isKnown(hash: string, password: string): boolean {
    const known = this.#known.get(hash)
    return known !== undefined && timingSafeEqual(known, this.#digest(hash, password))
  }

  #digest(hash: string, password: string): Buffer {
    return createHmac('sha256', this.#knownKey).update(hash).update('\0').update(password).digest()
  }

  async #matches(hash: string, password: string): Promise<boolean> {
    const parts = /^\$scrypt\$ln=(\d+),r=8,p=1\$([^$]+)\$([^$]+)$/.exec(hash)
    if (!parts) throw new Error('a password hash in the database is damaged')
    const wanted = Buffer.from(parts[3]!, 'base64')
    return timingSafeEqual(wanted, await this.#scrypt(password, Buffer.from(parts[2]!, 'base64'), Number(parts[1])))
  }

  async #scrypt(password: string, salt: Buffer, cost: number): Promise<Buffer> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        const N = 2 ** cost
        scrypt(
          password.normalize('NFC'),
          salt,
          hashBytes,
          { N, r: blockSize, p: 1, maxmem: 256 * N * blockSize },
          (error, key) => (error ? reject(error) : resolve(key)),
        )
      })
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
