// Public keys as OpenSSH writes them: reading their type, making new ones, and their fingerprints.
import { createHash, generateKeyPair, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { badRequest } from '../../../eden/errors.ts'

const generate = promisify(generateKeyPair)

/** Length-prefixed strings, as SSH packs them. Source: RFC 4251, section 5. */
const packed = (...parts: (string | Buffer)[]) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part as string)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )

/** An ECDSA key on P-521: the private half in PEM as every SSH client reads it, the public half in one line. */
export async function newSshKey(): Promise<{ privateKey: string; publicKey: string }> {
  const { privateKey, publicKey } = await generate('ec', { namedCurve: 'P-521' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const field = (value: string) => {
    const bytes = Buffer.from(value, 'base64url')
    return Buffer.concat([Buffer.alloc(66 - bytes.length), bytes])
  }
  const point = Buffer.concat([Buffer.from([4]), field(x!), field(y!)])
  const blob = packed('ecdsa-sha2-nistp521', 'nistp521', point)
  return {
    privateKey: String(privateKey.export({ type: 'sec1', format: 'pem' })),
    publicKey: `ecdsa-sha2-nistp521 ${blob.toString('base64')} generated-by-cloudos`,
  }
}

const coloned = (hex: string) => hex.match(/../g)!.join(':')

/**
 * MD5 of an SSH key's blob, SHA-1 of a certificate, as pairs of digits.
 * @throws 400 for what is neither.
 */
export function fingerprintOf(type: 'ssh' | 'x509', publicKey: string): string {
  if (type === 'x509') {
    try {
      return new X509Certificate(publicKey).fingerprint.toLowerCase()
    } catch (cause) {
      throw badRequest('Keypair data is invalid: failed to generate X509 fingerprint.', { cause })
    }
  }
  const [name, data] = publicKey.trim().split(/\s+/)
  const blob = Buffer.from(data ?? '', 'base64')
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0
  if (!name || !data || length === 0 || blob.subarray(4, 4 + length).toString('latin1') !== name)
    throw badRequest('Keypair data is invalid: failed to generate fingerprint.')
  return coloned(createHash('md5').update(blob).digest('hex'))
}
