// AES-256-GCM under rotating keys: the newest encrypts, every key that is still there decrypts.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Key, KeyRepository } from './key-repository.ts'

const nonceBytes = 12
const tagBytes = 16

/** `version nonce ciphertext tag`; the version byte is authenticated as well. */
export function encrypt(keys: KeyRepository, version: number, plain: Uint8Array): Buffer {
  const head = Buffer.of(version)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keys.primary.secret, nonce)
  cipher.setAAD(head)
  return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** What was encrypted; undefined where no key fits or a byte was changed. */
export function decrypt(keys: KeyRepository, version: number, sealed: Buffer): Buffer | undefined {
  if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version) return undefined
  const found = tryAll(keys.all, sealed)
  if (found || !keys.refresh()) return found
  return tryAll(keys.all, sealed)
}

function tryAll(keys: readonly Key[], sealed: Buffer): Buffer | undefined {
  for (const { secret } of keys) {
    const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(1, 1 + nonceBytes))
    decipher.setAAD(sealed.subarray(0, 1))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    const plain = decipher.update(sealed.subarray(1 + nonceBytes, -tagBytes))
    try {
      decipher.final()
      return plain
    } catch {
      // Not this key's: the next one is tried, and no key at all is the caller's to judge.
    }
  }
  return undefined
}
