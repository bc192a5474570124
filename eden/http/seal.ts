// Tokens with which the cloud's own processes act for a caller: the credentials themselves, encrypted under the cloud's key.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Credentials } from '../policy/credentials.ts'

const prefix = 'cos1.'
const cipher = 'aes-256-gcm'

/** @param key 32 bytes; whoever holds it can act as anybody, so only controllers do. */
export class Sealer {
  readonly #key: Buffer
  readonly #clock: Clock

  constructor(key: Buffer, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  seal(credentials: Credentials, forMs = 300_000): string {
    const nonce = randomBytes(12)
    const cipherer = createCipheriv(cipher, this.#key, nonce)
    const text = JSON.stringify({ until: this.#clock.now() + forMs, credentials })
    const sealed = Buffer.concat([nonce, cipherer.update(text, 'utf8'), cipherer.final(), cipherer.getAuthTag()])
    return prefix + sealed.toString('base64url')
  }

  static isSealed = (token: string) => token.startsWith(prefix)

  /** Undefined where the token is forged, broken or too old. */
  open(token: string): Credentials | undefined {
    try {
      const bytes = Buffer.from(token.slice(prefix.length), 'base64url')
      const decipherer = createDecipheriv(cipher, this.#key, bytes.subarray(0, 12))
      decipherer.setAuthTag(bytes.subarray(-16))
      const text = Buffer.concat([decipherer.update(bytes.subarray(12, -16)), decipherer.final()]).toString('utf8')
      const { until, credentials } = JSON.parse(text) as { until: number; credentials: Credentials }
      return until > this.#clock.now() ? credentials : undefined
    } catch {
      return undefined
    }
  }
}
